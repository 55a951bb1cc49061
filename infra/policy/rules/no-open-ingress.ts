import type { PropertyMap, PropertyValue } from '../../engine/property-values.js';
import { blocksOf, known } from '../reading.js';
import type { PolicyResource, PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

const securityGroupRule = 'aws:ec2/securityGroupRule:SecurityGroupRule';
const ingressRule = 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule';
const httpsPort = 443;
const wholeWorld: ReadonlySet<PropertyValue> = new Set(['0.0.0.0/0', '::/0']);

const sourcesOf = (rule: PropertyMap): readonly PropertyValue[] =>
  ['cidrBlocks', 'ipv6CidrBlocks', 'cidrIpv4', 'cidrIpv6'].flatMap((key) => {
    const value = rule[key] ?? [];
    return Array.isArray(value) ? (value as readonly PropertyValue[]) : [value];
  });

const rulesOf = (resource: PolicyResource): readonly PropertyMap[] => {
  if (resource.type === types.securityGroup) return blocksOf(resource, 'ingress');
  const isEgress = resource.type === securityGroupRule && known(resource, 'type') !== 'ingress';
  return isEgress ? [] : [resource.inputs];
};

const isHttpsOnly = (rule: PropertyMap): boolean => rule['fromPort'] === httpsPort && rule['toPort'] === httpsPort;

export const noOpenIngress: PolicyRule = {
  name: 'no-open-ingress',
  level: 'mandatory',
  description: 'The whole internet is let in to port 443 only',
  resourceTypes: [types.securityGroup, securityGroupRule, ingressRule],
  check(resource) {
    const open = rulesOf(resource).find((rule) => sourcesOf(rule).some((s) => wholeWorld.has(s)) && !isHttpsOnly(rule));
    if (open === undefined) return undefined;
    return `lets everybody in to ports ${String(open['fromPort'] ?? 'any')} to ${String(open['toPort'] ?? 'any')}; only ${httpsPort} may be open`;
  },
};
