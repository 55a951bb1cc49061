import type { ParsedProvisionRun, PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import { stackRules } from '../policy/all.js';
import { evaluateResource } from '../policy/evaluate.js';
import type { PolicyResource } from '../policy/policy-rule.js';
import { policyFactsOf } from '../template/policy-facts.js';

/** The judge of what a program registers. The engine asks before a provider is asked, so a refusal leaves nothing behind. */
export interface PolicyGuard {
  judge(resource: PolicyResource): readonly PolicyFinding[];
  /** What only all resources together can break; asked when the program has run. */
  judgeStack(resources: readonly PolicyResource[]): readonly PolicyFinding[];
}

export const stampPolicies = ({ spec, regionFacts, unprotect }: ParsedProvisionRun): PolicyGuard => {
  const facts = policyFactsOf(spec, regionFacts, unprotect);
  return {
    judge: (resource) => evaluateResource(resource, facts),
    judgeStack: (resources) =>
      stackRules.flatMap((rule) => rule.checkStack(resources, facts).map((found) => ({ rule: rule.name, level: rule.level, ...found }))),
  };
};
