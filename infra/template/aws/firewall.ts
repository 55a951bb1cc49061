import { WebAcl } from '@pulumi/aws/wafv2/webAcl.js';
import { WebAclAssociation } from '@pulumi/aws/wafv2/webAclAssociation.js';
import type * as pulumi from '@pulumi/pulumi';
import { tenantHeader } from '@lapidary/contracts/workload';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

const metric = (metricName: string) => ({ cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName });

const countedBy = {
  tenant: {
    aggregateKeyType: 'CUSTOM_KEYS',
    customKeys: [{ header: { name: tenantHeader, textTransformations: [{ priority: 0, type: 'NONE' }] } }],
  },
  address: { aggregateKeyType: 'IP' },
};

/**
 * A wall before or behind the routers: known attacks, and a limit that nothing well-behaved reaches.
 * AWS's common rule set is left out on purpose: it refuses bodies above 8 kB, which workloads may well send.
 */
export const addFirewall = (args: {
  readonly owner: StackOwner;
  readonly loadBalancerArn: pulumi.Input<string>;
  /** Of one tenant or from one address, in five minutes. */
  readonly requestsMax: number;
  readonly by?: 'tenant' | 'address';
  readonly parent: pulumi.Resource;
}): void => {
  const { owner, parent, by = 'tenant' } = args;
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
          name: `rate-per-${by}`,
          priority: 2,
          action: { block: {} },
          statement: {
            rateBasedStatement: { limit: args.requestsMax, ...countedBy[by] },
          },
          visibilityConfig: metric(`${owner.name}-rate-per-${by}`),
        },
      ],
      tags: tagged(owner, 'firewall'),
    },
    { parent },
  );
  new WebAclAssociation(id, { resourceArn: args.loadBalancerArn, webAclArn: acl.arn }, { parent });
};
