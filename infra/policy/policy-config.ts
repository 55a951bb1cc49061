import { z } from 'zod';
import { profiles } from '@lapidary/contracts/stamp-spec';
import { resourceRules, stackRules } from './all.js';
import type { PolicyFacts } from './policy-rule.js';

const FactsSchema = z.strictObject({
  scope: z.enum(['stamp', 'region', 'global']),
  owner: z.string(),
  jurisdiction: z.string(),
  awsRegion: z.string(),
  environment: z.enum(['production', 'test']),
  profile: z.enum(profiles),
  unprotected: z.boolean(),
});

/** As the pack's config asks for it. */
export const factsSchema = (({ $schema: _, ...schema }) => schema)(z.toJSONSchema(FactsSchema));

/** Text of the file that `--policy-pack-config` names: every rule gets the same facts. */
export const policyPackConfigOf = (facts: PolicyFacts): string => {
  const rules = [...resourceRules, ...stackRules];
  return JSON.stringify(Object.fromEntries(rules.map(({ name }) => [name, { facts: FactsSchema.parse(facts) }])));
};
