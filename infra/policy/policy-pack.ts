import { PolicyPack, type PolicyConfigSchema, type ResourceValidationPolicy, type StackValidationPolicy } from '@pulumi/policy';
import { secret, type PropertyMap } from '../engine/property-values.js';
import { resourceRules, stackRules } from './all.js';
import type { PolicyFacts, PolicyResource, PolicyRule, StackPolicyRule } from './policy-rule.js';
import { factsSchema } from './policy-config.js';
import { secretInputs } from './rules/no-plain-secret.js';

/**
 * The same rules for the real `pulumi` program (`--policy-pack infra/dist/policy`). The embedded engine asks the rules directly
 * (evaluate.ts); a pack is a process of its own that Pulumi starts by this file, which is why importing it starts a server.
 */
const configSchema: PolicyConfigSchema = {
  properties: { facts: factsSchema as PolicyConfigSchema['properties'][string] },
  required: ['facts'],
};

interface Props {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, unknown>;
  readonly opts: { readonly protect: boolean };
}

/** The pack's props throw when an unknown is read; the object behind holds the SDK's own mark, which reading.ts knows. */
const resourceOf = ({ type, name, props, opts }: Props): PolicyResource => {
  const raw = (props['__getSpecialProxyTarget'] ?? props) as PropertyMap;
  const marked = (secretInputs[type] ?? []).filter((key) => raw[key] !== undefined);
  // Marks are taken off before a pack sees anything; the provider's schema has them for these inputs.
  const inputs = { ...raw, ...Object.fromEntries(marked.map((key) => [key, secret(raw[key] ?? null)])) };
  return { type, name, inputs, protect: opts.protect };
};

const resourcePolicy = (rule: PolicyRule): ResourceValidationPolicy => ({
  name: rule.name,
  description: rule.description,
  enforcementLevel: rule.level,
  configSchema,
  validateResource: (args, report) => {
    if (rule.resourceTypes !== 'all' && !rule.resourceTypes.includes(args.type)) return;
    const message = rule.check(resourceOf(args), args.getConfig<{ facts: PolicyFacts }>().facts);
    if (message !== undefined) report(message);
  },
});

const stackPolicy = (rule: StackPolicyRule): StackValidationPolicy => ({
  name: rule.name,
  description: rule.description,
  enforcementLevel: rule.level,
  configSchema,
  validateStack: (args, report) => {
    const { facts } = args.getConfig<{ facts: PolicyFacts }>();
    for (const found of rule.checkStack(args.resources.map(resourceOf), facts)) report(`${found.resource}: ${found.message}`);
  },
});

new PolicyPack('lapidary', { policies: [...resourceRules.map(resourcePolicy), ...stackRules.map(stackPolicy)] });
