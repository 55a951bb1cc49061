import { PeeringAttachment } from '@pulumi/aws/ec2transitgateway/peeringAttachment.js';
import { PeeringAttachmentAccepter } from '@pulumi/aws/ec2transitgateway/peeringAttachmentAccepter.js';
import { Route } from '@pulumi/aws/ec2transitgateway/route.js';
import { getTransitGatewayOutput } from '@pulumi/aws/ec2transitgateway/getTransitGateway.js';
import { Provider, type ProviderArgs } from '@pulumi/aws/provider.js';
import * as pulumi from '@pulumi/pulumi';
import { regionAddresses } from '../template/aws/address-plan.js';
import { componentType, nameOf, tagged, type StackOwner } from '../template/aws/stack-owner.js';

export interface JoinedRegion {
  readonly name: string;
  readonly awsRegion: string;
  readonly transitGatewayId: string;
}

/** Joins each region's networks with each other's: no region is on another's way, and traffic stays on AWS's encrypted links. */
export class TransitMesh extends pulumi.ComponentResource {
  constructor(
    owner: StackOwner,
    regions: readonly JoinedRegion[],
    accountId: pulumi.Output<string>,
    options: pulumi.ComponentResourceOptions,
  ) {
    super(componentType(owner, 'TransitMesh'), nameOf(owner, 'transit-mesh'), {}, options);
    const providers = new Map(
      regions.map((r) => [
        r.name,
        new Provider(
          nameOf(owner, `aws-${r.name}`),
          { region: r.awsRegion as ProviderArgs['region'], defaultTags: { tags: { ...owner.tags } } },
          { parent: this },
        ),
      ]),
    );
    for (const [i, from] of regions.entries())
      for (const to of regions.slice(i + 1))
        this.join(owner, from, to, accountId, { from: providers.get(from.name)!, to: providers.get(to.name)! });
    this.registerOutputs();
  }

  private join(
    owner: StackOwner,
    from: JoinedRegion,
    to: JoinedRegion,
    peerAccountId: pulumi.Output<string>,
    provider: { readonly from: Provider; readonly to: Provider },
  ): void {
    const what = `${from.name}-${to.name}`;
    const id = nameOf(owner, what);
    const asking = new PeeringAttachment(
      id,
      {
        transitGatewayId: from.transitGatewayId,
        peerTransitGatewayId: to.transitGatewayId,
        peerRegion: to.awsRegion,
        peerAccountId,
        tags: tagged(owner, what),
      },
      { parent: this, provider: provider.from },
    );
    const accepted = new PeeringAttachmentAccepter(
      id,
      { transitGatewayAttachmentId: asking.id, tags: tagged(owner, what) },
      { parent: this, provider: provider.to },
    );
    const route = (at: JoinedRegion, other: JoinedRegion, by: Provider): void => {
      const { associationDefaultRouteTableId } = getTransitGatewayOutput({ id: at.transitGatewayId }, { parent: this, provider: by });
      new Route(
        nameOf(owner, `${at.name}-to-${other.name}`),
        {
          destinationCidrBlock: regionAddresses(other.awsRegion),
          transitGatewayAttachmentId: accepted.transitGatewayAttachmentId,
          transitGatewayRouteTableId: associationDefaultRouteTableId,
        },
        { parent: this, provider: by },
      );
    };
    route(from, to, provider.from);
    route(to, from, provider.to);
  }
}
