import * as pulumi from '@pulumi/pulumi';
import { fleetCidr } from './address-plan.js';
import { formerly } from './formerly.js';
import { addGroup, ports, type GroupArgs } from './security-group.js';
import { componentType, nameOf, type StackOwner } from './stack-owner.js';

export interface AwsGroupsArgs {
  readonly owner: StackOwner;
  readonly vpcId: pulumi.Input<string>;
}

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
    this.frontDoor = this.group(
      'front-door',
      `Front door of stamp ${name}`,
      [{ from: ports.https, source: { cidrBlocks: [fleetCidr] }, why: 'Routers' }],
      { port: ports.agent, cidr: fleetCidr, why: 'The agent' },
      ['lapidary:stamp:Compute', 'lapidary:stamp:FrontDoor'],
    );
    this.services = this.group(
      'services',
      `Agent and workload of stamp ${name}`,
      [
        { from: ports.agent, source: from(this.frontDoor), why: 'Front door' },
        { from: ports.agent, to: ports.workload, source: { self: true }, why: 'Each other' },
      ],
      'anywhere',
      ['lapidary:stamp:Compute'],
    );
    this.messaging = this.group(
      'messaging',
      `NATS of stamp ${name}`,
      [
        { from: ports.nats, source: from(this.services), why: 'Workload' },
        { from: ports.natsCluster, source: { self: true }, why: 'Each other' },
      ],
      'anywhere',
    );
    this.database = this.group(
      'database',
      `Database of stamp ${name}`,
      [{ from: ports.postgres, source: from(this.services), why: 'Workload' }],
      'nowhere',
      ['lapidary:stamp:Data'],
    );
    const workload = [{ from: ports.valkey, source: from(this.services), why: 'Workload' }];
    this.cache = this.group('cache', `Cache of stamp ${name}`, workload, 'nowhere');
    const mounts = [{ from: ports.files, source: from(this.services, this.messaging), why: 'Agent and NATS' }];
    this.files = this.group('files', `Files of stamp ${name}`, mounts, 'nowhere');
    this.registerOutputs();
  }

  private group(
    what: string,
    description: string,
    rules: GroupArgs['rules'],
    egress: GroupArgs['egress'],
    formerParents?: readonly string[],
  ): pulumi.Output<string> {
    const { owner, vpcId } = this.args;
    const type = 'aws:ec2/securityGroup:SecurityGroup';
    const aliases = formerParents === undefined ? [] : [formerly(['lapidary:stamp:Stamp', ...formerParents, type], nameOf(owner, what))];
    return addGroup({ owner, vpcId, what, description, rules, egress, aliases, parent: this });
  }
}
