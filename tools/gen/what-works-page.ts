import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { failures, operations, outcomes, type Failure, type Operation } from '@lapidary/testing/proves';
import { declaredProofs, type DeclaredProof } from './declared-proofs.js';

const proofsUnder = (root: string): DeclaredProof[] =>
  globSync('{apps,libs,test,tools}/**/*.spec.ts', { cwd: root, exclude: (name) => name === 'node_modules' || name === 'dist' })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .flatMap((file) => declaredProofs(file, readFileSync(path.join(root, file), 'utf8')));

/** docs/reference/what-works-when.md: an operation in a row, a failure in a column; a cell says only what a test shows. */
export const renderProofs = (proofs: readonly DeclaredProof[]): string => {
  const tests = [...new Set(proofs.map((p) => `${p.file}\n${p.title}`))];
  const numberOf = (proof: DeclaredProof): number => tests.indexOf(`${proof.file}\n${proof.title}`) + 1;
  const cell = (operation: Operation, failure: Failure): string => {
    const shown = proofs.filter((p) => p.operation === operation && p.failure === failure);
    const said = new Set(shown.map((p) => p.outcome));
    if (said.size > 1) throw new Error(`${operation} × ${failure}: tests say ${[...said].join(' and ')}`);
    const [outcome] = said;
    return outcome === undefined ? 'not shown' : `**${outcome}** ${[...new Set(shown.map(numberOf))].map((n) => `[${n}]`).join(' ')}`;
  };
  const columns = Object.keys(failures) as Failure[];
  return [
    '# What works when',
    '',
    'Made of what tests declare that they show (`libs/testing/src/proves.ts`): a cell without a test says "not shown", which is no promise either way.',
    'A run in which a declared test does not pass fails, whatever else it says. To show more: write the test, give it its title by `proves()`, `npm run gen`.',
    '',
    ...Object.entries(outcomes).map(([name, means]) => `- **${name}**: ${means}.`),
    '',
    `| | ${columns.map((f) => failures[f]).join(' | ')} |`,
    `| --- | ${columns.map(() => '---').join(' | ')} |`,
    ...(Object.keys(operations) as Operation[]).map((o) => `| ${operations[o]} | ${columns.map((f) => cell(o, f)).join(' | ')} |`),
    '',
    '## Shown by',
    '',
    ...tests.map((test, i) => {
      const [file, title] = test.split('\n');
      return `${i + 1}. \`${file!}\`: ${title!}`;
    }),
    '',
  ].join('\n');
};

export const whatWorksPage = (): string => renderProofs(proofsUnder(path.resolve(import.meta.dirname, '../../..')));
