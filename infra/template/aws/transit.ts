import { VpcAttachment } from '@pulumi/aws/ec2transitgateway/vpcAttachment.js';
import type * as pulumi from '@pulumi/pulumi';
import { fleetCidr } from './address-plan.js';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

/** Joins a network to the region's transit gateway: routers reach stamps, and agents reach NATS, by private addresses only. */
export const attachToFleet = (args: {
  readonly owner: StackOwner;
  readonly vpcId: pulumi.Output<string>;
  readonly subnetIds: readonly pulumi.Output<string>[];
  readonly transitGatewayId: pulumi.Input<string>;
  readonly parent: pulumi.Resource;
}): pulumi.Resource =>
  new VpcAttachment(
    nameOf(args.owner, 'fleet'),
    {
      transitGatewayId: args.transitGatewayId,
      vpcId: args.vpcId,
      subnetIds: [...args.subnetIds],
      tags: tagged(args.owner, 'fleet'),
    },
    { parent: args.parent },
  );

/** A network's own addresses are nearer than this: the more exact route wins. */
export const routeToFleet = (transitGatewayId: pulumi.Input<string>) => ({ cidrBlock: fleetCidr, transitGatewayId });
