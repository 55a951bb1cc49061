import { DefaultSecurityGroup } from '@pulumi/aws/ec2/defaultSecurityGroup.js';
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import * as pulumi from '@pulumi/pulumi';
import { zones, type AddressPlan } from './address-plan.js';
import { addEndpoints } from './endpoints.js';
import { addFlowLogs } from './flow-logs.js';
import { addNat, addSubnets, joinTier, type ZoneSubnets } from './network-zone.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';
import { attachToFleet, routeToFleet } from './transit.js';

export interface AwsNetworkArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly addresses: AddressPlan;
  readonly zoneCount: 2 | 3;
  /** A way out per zone; with one for all, a zone that fails may take the others' way out with it. */
  readonly natPerZone: boolean;
  /** Registry, logs and secrets are reached without NAT; worth it from some hundred GB a month. */
  readonly interfaceEndpoints: boolean;
  readonly logsKeyArn: pulumi.Input<string>;
  readonly transitGatewayId: pulumi.Input<string>;
}

const everywhere = '0.0.0.0/0';

/** A network of its own with three tiers: public for NAT, private for what runs, data for what holds data. */
export class AwsNetwork extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly cidr: string;
  readonly publicSubnetIds: readonly pulumi.Output<string>[];
  readonly privateSubnetIds: readonly pulumi.Output<string>[];
  readonly dataSubnetIds: readonly pulumi.Output<string>[];
  /** What is reached from other networks needs it first. */
  readonly attachment: pulumi.Resource;

  constructor(args: AwsNetworkArgs, options: pulumi.ComponentResourceOptions) {
    const { owner, addresses } = args;
    super(componentType(owner, 'Network'), nameOf(owner, 'network'), {}, options);
    const own = { parent: this };
    const vpc = new Vpc(
      nameOf(owner, 'vpc'),
      { cidrBlock: addresses.vpc, enableDnsHostnames: true, enableDnsSupport: true, tags: tagged(owner, 'vpc') },
      own,
    );
    // Without rules: what forgets to name a group gets no network instead of all of it.
    new DefaultSecurityGroup(nameOf(owner, 'default'), { vpcId: vpc.id, ingress: [], egress: [], tags: tagged(owner, 'default') }, own);
    const subnets = zones
      .slice(0, args.zoneCount)
      .map((zone) =>
        addSubnets({ owner, vpcId: vpc.id, zone, awsRegion: args.place.awsRegion, addresses: addresses.zones[zone], parent: this }),
      );
    this.attachment = attachToFleet({ ...args, vpcId: vpc.id, subnetIds: subnets.map((s) => s.private), parent: this });
    const tables = this.routes(args, vpc.id, subnets);
    addEndpoints({ ...args, vpcId: vpc.id, routeTableIds: tables, subnetIds: subnets.map((s) => s.private), parent: this });
    addFlowLogs({ owner, vpcId: vpc.id, logsKeyArn: args.logsKeyArn, parent: this });
    this.vpcId = vpc.id;
    this.cidr = addresses.vpc;
    this.publicSubnetIds = subnets.map((s) => s.public);
    this.privateSubnetIds = subnets.map((s) => s.private);
    this.dataSubnetIds = subnets.map((s) => s.data);
    this.registerOutputs();
  }

  /** Returns the tables of the tiers that use AWS services. */
  private routes(args: AwsNetworkArgs, vpcId: pulumi.Output<string>, subnets: readonly ZoneSubnets[]): pulumi.Output<string>[] {
    const { owner } = args;
    const after = { parent: this, dependsOn: [this.attachment] };
    const fleet = routeToFleet(args.transitGatewayId);
    const gateway = new InternetGateway(nameOf(owner, 'gateway'), { vpcId, tags: tagged(owner, 'gateway') }, { parent: this });
    const table = (what: string, routes: pulumi.Input<object>[]): RouteTable =>
      new RouteTable(nameOf(owner, what), { vpcId, routes, tags: tagged(owner, what) }, after);
    const outer = table('public', [{ cidrBlock: everywhere, gatewayId: gateway.id }, fleet]);
    // No way to the internet at all, in either direction.
    const data = table('data', []);
    const nats = subnets.slice(0, args.natPerZone ? subnets.length : 1).map((s) => addNat(owner, s, this));
    const inner = subnets.map((s, i) => {
      const nat = nats[i] ?? nats[0]!;
      return table(`private-${s.zone}`, [{ cidrBlock: everywhere, natGatewayId: nat }, fleet]);
    });
    for (const [i, s] of subnets.entries()) joinTier(owner, s, { public: outer.id, private: inner[i]!.id, data: data.id }, this);
    return [...inner.map((t) => t.id), data.id];
  }
}
