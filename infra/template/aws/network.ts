import { DefaultSecurityGroup } from '@pulumi/aws/ec2/defaultSecurityGroup.js';
import { Eip } from '@pulumi/aws/ec2/eip.js';
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { NatGateway } from '@pulumi/aws/ec2/natGateway.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { addressPlan } from './address-plan.js';
import { named } from './tags.js';

export interface AwsNetworkArgs {
  readonly spec: StampSpec;
  readonly awsRegion: string;
}

/** Every AWS region that has zones at all has these two. */
const zones = ['a', 'b'] as const;
const everywhere = '0.0.0.0/0';

/** A network of its own over two zones: private subnets for what runs, public ones for NAT. Each zone stands alone. */
export class AwsNetwork extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly cidr: string;
  readonly privateSubnetIds: readonly pulumi.Output<string>[];

  constructor(
    private readonly args: AwsNetworkArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super('lapidary:stamp:Network', `${args.spec.name}-network`, {}, options);
    const { spec, awsRegion } = args;
    const plan = addressPlan(spec.name, awsRegion);
    const vpc = new Vpc(
      `${spec.name}-vpc`,
      { cidrBlock: plan.vpc, enableDnsHostnames: true, enableDnsSupport: true, tags: this.tags('vpc') },
      { parent: this },
    );
    // Without rules: what forgets to name a group gets no network instead of all of it.
    new DefaultSecurityGroup(
      `${spec.name}-default`,
      { vpcId: vpc.id, ingress: [], egress: [], tags: this.tags('default') },
      { parent: this },
    );
    const gateway = new InternetGateway(`${spec.name}-gateway`, { vpcId: vpc.id, tags: this.tags('gateway') }, { parent: this });
    const routes = [{ cidrBlock: everywhere, gatewayId: gateway.id }];
    const publicRoutes = new RouteTable(`${spec.name}-public`, { vpcId: vpc.id, routes, tags: this.tags('public') }, { parent: this });
    this.privateSubnetIds = zones.map((zone, i) =>
      this.zone(zone, vpc.id, publicRoutes.id, plan.publicSubnets[i]!, plan.privateSubnets[i]!),
    );
    this.vpcId = vpc.id;
    this.cidr = plan.vpc;
    this.registerOutputs();
  }

  private zone(
    zone: string,
    vpcId: pulumi.Output<string>,
    publicRoutes: pulumi.Output<string>,
    publicCidr: string,
    privateCidr: string,
  ): pulumi.Output<string> {
    const { spec, awsRegion } = this.args;
    const at = { vpcId, availabilityZone: `${awsRegion}${zone}` };
    const id = (what: string): string => `${spec.name}-${what}-${zone}`;
    const own = { parent: this };
    const front = new Subnet(id('public'), { ...at, cidrBlock: publicCidr, tags: this.tags(`public-${zone}`) }, own);
    new RouteTableAssociation(id('public'), { subnetId: front.id, routeTableId: publicRoutes }, own);
    const address = new Eip(id('nat'), { domain: 'vpc', tags: this.tags(`nat-${zone}`) }, own);
    // One per zone: a zone that fails must not take the other one's way out with it.
    const nat = new NatGateway(id('nat'), { subnetId: front.id, allocationId: address.id, tags: this.tags(`nat-${zone}`) }, own);
    const routes = [{ cidrBlock: everywhere, natGatewayId: nat.id }];
    const table = new RouteTable(id('private'), { vpcId, routes, tags: this.tags(`private-${zone}`) }, own);
    const inner = new Subnet(id('private'), { ...at, cidrBlock: privateCidr, tags: this.tags(`private-${zone}`) }, own);
    new RouteTableAssociation(id('private'), { subnetId: inner.id, routeTableId: table.id }, own);
    return inner.id;
  }

  private tags(what: string): Record<string, string> {
    return named(this.args.spec, `${this.args.spec.name}-${what}`);
  }
}
