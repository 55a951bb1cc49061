import type { PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import { resourceRules, stackRules } from './all.js';
import type { PolicyFacts, PolicyResource } from './policy-rule.js';

/** What the rules say of one resource, before anybody is asked to make it. */
export const evaluateResource = (resource: PolicyResource, facts: PolicyFacts): readonly PolicyFinding[] =>
  resourceRules.flatMap((rule) => {
    if (rule.resourceTypes !== 'all' && !rule.resourceTypes.includes(resource.type)) return [];
    const message = rule.check(resource, facts);
    return message === undefined ? [] : [{ rule: rule.name, level: rule.level, resource: resource.name, message }];
  });

/** What the rules say of a whole stack: of each resource, and of all together. */
export const evaluateStack = (resources: readonly PolicyResource[], facts: PolicyFacts): readonly PolicyFinding[] => [
  ...resources.flatMap((resource) => evaluateResource(resource, facts)),
  ...stackRules.flatMap((rule) => rule.checkStack(resources, facts).map((found) => ({ rule: rule.name, level: rule.level, ...found }))),
];

export const isRefused = (findings: readonly PolicyFinding[]): boolean => findings.some((f) => f.level === 'mandatory');
