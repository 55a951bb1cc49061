import { WebAcl } from '@pulumi/aws/wafv2/webAcl.js';
import { WebAclAssociation } from '@pulumi/aws/wafv2/webAclAssociation.js';
import type * as pulumi from '@pulumi/pulumi';
import { tenantHeader } from '@lapidary/contracts/workload';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

const metric = (metricName: string) => ({ cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName });

/**
 * A second wall behind the routers: known attacks, and a limit per tenant that only a router that has lost its own would reach.
 * AWS's common rule set is left out on purpose: it refuses bodies above 8 kB, which workloads may well send.
 */
export const addFirewall = (args: {
  readonly owner: StackOwner;
  readonly loadBalancerArn: pulumi.Input<string>;
  /** Of one tenant, in five minutes. */
  readonly requestsMax: number;
  readonly parent: pulumi.Resource;
}): void => {
  const { owner, parent } = args;
  const id = nameOf(owner, 'firewall');
  const acl = new WebAcl(
    id,
    {
      scope: 'REGIONAL',
      description: `Front door of ${owner.kind} ${owner.name}`,
      defaultAction: { allow: {} },
      visibilityConfig: metric(`${owner.name}-firewall`),
      rules: [
        {
          name: 'known-bad-inputs',
          priority: 1,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesKnownBadInputsRuleSet' } },
          visibilityConfig: metric(`${owner.name}-known-bad-inputs`),
        },
        {
          name: 'rate-per-tenant',
          priority: 2,
          action: { block: {} },
          statement: {
            rateBasedStatement: {
              limit: args.requestsMax,
              aggregateKeyType: 'CUSTOM_KEYS',
              customKeys: [{ header: { name: tenantHeader, textTransformations: [{ priority: 0, type: 'NONE' }] } }],
            },
          },
          visibilityConfig: metric(`${owner.name}-rate-per-tenant`),
        },
      ],
      tags: tagged(owner, 'firewall'),
    },
    { parent },
  );
  new WebAclAssociation(id, { resourceArn: args.loadBalancerArn, webAclArn: acl.arn }, { parent });
};
