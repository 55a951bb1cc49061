import { Eip } from '@pulumi/aws/ec2/eip.js';
import { NatGateway } from '@pulumi/aws/ec2/natGateway.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import type * as pulumi from '@pulumi/pulumi';
import type { Zone, ZoneAddresses } from './address-plan.js';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

export interface ZoneSubnets {
  readonly zone: Zone;
  readonly public: pulumi.Output<string>;
  readonly private: pulumi.Output<string>;
  readonly data: pulumi.Output<string>;
}

const tiers = ['public', 'private', 'data'] as const;

export const addSubnets = (zone: {
  readonly owner: StackOwner;
  readonly vpcId: pulumi.Output<string>;
  readonly zone: Zone;
  readonly awsRegion: string;
  readonly addresses: ZoneAddresses;
  readonly parent: pulumi.Resource;
}): ZoneSubnets => {
  const at = { vpcId: zone.vpcId, availabilityZone: `${zone.awsRegion}${zone.zone}` };
  const subnet = (tier: (typeof tiers)[number]): pulumi.Output<string> => {
    const what = `${tier}-${zone.zone}`;
    const args = { ...at, cidrBlock: zone.addresses[tier], tags: tagged(zone.owner, what) };
    return new Subnet(nameOf(zone.owner, what), args, { parent: zone.parent }).id;
  };
  return { zone: zone.zone, public: subnet('public'), private: subnet('private'), data: subnet('data') };
};

/** A way out to the internet, in the zone's public subnet. Returns the gateway's id. */
export const addNat = (owner: StackOwner, subnets: ZoneSubnets, parent: pulumi.Resource): pulumi.Output<string> => {
  const what = `nat-${subnets.zone}`;
  const address = new Eip(nameOf(owner, what), { domain: 'vpc', tags: tagged(owner, what) }, { parent });
  const args = { subnetId: subnets.public, allocationId: address.id, tags: tagged(owner, what) };
  return new NatGateway(nameOf(owner, what), args, { parent }).id;
};

export const joinTier = (
  owner: StackOwner,
  subnets: ZoneSubnets,
  tables: Readonly<Record<(typeof tiers)[number], pulumi.Output<string>>>,
  parent: pulumi.Resource,
): void => {
  for (const tier of tiers) {
    const args = { subnetId: subnets[tier], routeTableId: tables[tier] };
    new RouteTableAssociation(nameOf(owner, `${tier}-${subnets.zone}`), args, { parent });
  }
};
