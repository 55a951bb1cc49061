import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { fleetCidr } from './address-plan.js';
import { formerly } from './formerly.js';
import { componentType, nameOf, tagged, type StackOwner } from './stack-owner.js';

export const ports = {
  https: 443,
  agent: 8080,
  workload: 8081,
  postgres: 5432,
  valkey: 6379,
  /** NFS. */
  files: 2049,
  nats: 4222,
  /** Between the NATS servers of one stamp. */
  natsCluster: 6222,
} as const;

export interface AwsGroupsArgs {
  readonly owner: StackOwner;
  readonly vpcId: pulumi.Input<string>;
}

interface Rule {
  readonly from: number;
  readonly to?: number;
  readonly source: { readonly cidrBlocks: string[] } | { readonly securityGroups: pulumi.Input<string>[] } | { readonly self: true };
  readonly why: string;
}

const inbound = ({ from, to, source, why }: Rule) => ({
  protocol: 'tcp',
  fromPort: from,
  toPort: to ?? from,
  ...source,
  description: why,
});

/** Who may talk to whom in a stamp, in one place. Only the front door is reached from outside of it, and only from the fleet. */
export class AwsGroups extends pulumi.ComponentResource {
  readonly frontDoor: pulumi.Output<string>;
  readonly services: pulumi.Output<string>;
  readonly messaging: pulumi.Output<string>;
  readonly database: pulumi.Output<string>;
  readonly cache: pulumi.Output<string>;
  readonly files: pulumi.Output<string>;

  constructor(
    private readonly args: AwsGroupsArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super(componentType(args.owner, 'Groups'), nameOf(args.owner, 'groups'), {}, options);
    const name = args.owner.name;
    const from = (...securityGroups: pulumi.Input<string>[]) => ({ securityGroups });
    const everyTcp = [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: ['0.0.0.0/0'], description: 'Registries, NATS, AWS' }];
    const toFleet = [{ protocol: 'tcp', fromPort: ports.agent, toPort: ports.agent, cidrBlocks: [fleetCidr], description: 'The agent' }];
    // Descriptions are part of a group's identity in AWS: another text is another group.
    this.frontDoor = this.group(
      'front-door',
      `Front door of stamp ${name}`,
      [{ from: ports.https, source: { cidrBlocks: [fleetCidr] }, why: 'Routers' }],
      toFleet,
      ['lapidary:stamp:Compute', 'lapidary:stamp:FrontDoor'],
    );
    this.services = this.group(
      'services',
      `Agent and workload of stamp ${name}`,
      [
        { from: ports.agent, source: from(this.frontDoor), why: 'Front door' },
        { from: ports.agent, to: ports.workload, source: { self: true }, why: 'Each other' },
      ],
      everyTcp,
      ['lapidary:stamp:Compute'],
    );
    this.messaging = this.group(
      'messaging',
      `NATS of stamp ${name}`,
      [
        { from: ports.nats, source: from(this.services), why: 'Workload' },
        { from: ports.natsCluster, source: { self: true }, why: 'Each other' },
      ],
      everyTcp,
    );
    this.database = this.group(
      'database',
      `Database of stamp ${name}`,
      [{ from: ports.postgres, source: from(this.services), why: 'Workload' }],
      [],
      ['lapidary:stamp:Data'],
    );
    this.cache = this.group('cache', `Cache of stamp ${name}`, [{ from: ports.valkey, source: from(this.services), why: 'Workload' }], []);
    this.files = this.group(
      'files',
      `Files of stamp ${name}`,
      [{ from: ports.files, source: from(this.services, this.messaging), why: 'Agent and NATS' }],
      [],
    );
    this.registerOutputs();
  }

  private group(
    what: string,
    description: string,
    rules: readonly Rule[],
    egress: readonly ReturnType<typeof inbound>[] | readonly object[],
    formerParents?: readonly string[],
  ): pulumi.Output<string> {
    const { owner, vpcId } = this.args;
    const id = nameOf(owner, what);
    const type = 'aws:ec2/securityGroup:SecurityGroup';
    const aliases = formerParents === undefined ? [] : [formerly(['lapidary:stamp:Stamp', ...formerParents, type], id)];
    const args = { vpcId, description, ingress: rules.map(inbound), egress: [...egress] as never, tags: tagged(owner, what) };
    return new SecurityGroup(id, args, { parent: this, aliases }).id;
  }
}
