import type { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { Record as DnsRecord } from '@pulumi/aws/route53/record.js';
import type * as pulumi from '@pulumi/pulumi';

/** A name of a load balancer. With `nearestFor`, one of several of that name: a client gets the nearest that is healthy. */
export const aliasRecord = (args: {
  readonly id: string;
  readonly zoneId: pulumi.Input<string>;
  readonly name: pulumi.Input<string>;
  readonly balancer: LoadBalancer;
  readonly nearestFor?: { readonly region: string; readonly awsRegion: string };
  readonly parent: pulumi.Resource;
}): void => {
  new DnsRecord(
    args.id,
    {
      zoneId: args.zoneId,
      name: args.name,
      type: 'A',
      aliases: [{ name: args.balancer.dnsName, zoneId: args.balancer.zoneId, evaluateTargetHealth: true }],
      ...(args.nearestFor === undefined
        ? {}
        : { setIdentifier: args.nearestFor.region, latencyRoutingPolicies: [{ region: args.nearestFor.awsRegion }] }),
    },
    { parent: args.parent },
  );
};
