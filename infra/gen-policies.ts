import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resourceRules, stackRules } from './policy/all.js';
import { costClassOf } from './policy/cost-classes.js';

/** Writes docs/reference/policies.md from the rules. `--check` writes nothing and ends with 1 where it is not up to date. */
export const renderPolicies = (): string => {
  const rules = [...resourceRules, ...stackRules];
  const rows = rules.map((rule) => {
    const on =
      'check' in rule
        ? rule.resourceTypes === 'all'
          ? 'all'
          : rule.resourceTypes.map((t) => `\`${t.split(':').at(-1)}\``).join(', ')
        : 'the stack';
    return `| \`${rule.name}\` | ${rule.level} | ${rule.description} | ${on} |`;
  });
  const classes = Object.entries(costClassOf).map(
    ([profile, c]) => `| ${profile} | ${c.families.join(', ')} | ${c.database} | ${c.cache} | ${c.monthlyUsdMax} |`,
  );
  return [
    '# Policies',
    '',
    'Asked of every resource before the cloud is: a mandatory rule that is broken refuses the run (`policy_refused`) and nothing is created; an',
    'advisory one is said in the plan. The same rules run in the embedded engine (`infra/policy/evaluate.ts`) and, as a policy pack, under the real',
    '`pulumi` program (`infra/policy/policy-pack.ts`).',
    '',
    '| Rule | Level | Asks | Of |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '## Cost classes',
    '',
    'Largest sizes, and what a stamp may cost a month by the price list, in US dollars.',
    '',
    '| Profile | Families | Database | Cache | Month |',
    '| --- | --- | --- | --- | --- |',
    ...classes,
    '',
  ].join('\n');
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'policies.md');
  const text = renderPolicies();
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return 0;
  if (values.check) process.stderr.write('docs/reference/policies.md is not up to date: npm run gen\n');
  else await writeFile(file, text);
  return values.check ? 1 : 0;
};

if (import.meta.main) process.exitCode = await main();
