import type { Remain, RetirePlan } from '@lapidary/contracts/api/retirement';
import type { View } from './output.js';
import { statusColour } from './status-colour.js';
import { renderFacts } from './table.js';

/** "2 tenants: acme, bank". */
export const remainsLines = (remains: readonly Remain[]): string[] =>
  remains.map(({ kind, count, examples }) => {
    const more = count > examples.length ? ', …' : '';
    return `${count} ${count === 1 ? kind.slice(0, -1) : kind}: ${examples.join(', ')}${more}`;
  });

export const retirePlanText = (plan: RetirePlan, view: View): string => {
  const { stamp, remains, openJob, steps } = plan;
  const facts = renderFacts([
    ['stamp', view.colours.bold(stamp.name)],
    ['status', statusColour(stamp.status, view.colours)],
    ['open job', openJob],
  ]);
  const inTheWay = remains.flatMap((remain, i) => [`  ${remainsLines(remains)[i]!}`, `    ${view.colours.dim(remain.check)}`]);
  const list = steps.map((step) => `  ${step.title}${step.noReturn ? view.colours.yellow(' (no way back from here on)') : ''}`);
  return [
    facts,
    '',
    ...(remains.length === 0 ? ['Nothing stands in the way.'] : ['In the way:', ...inTheWay]),
    '',
    'Would be done:',
    ...list,
  ].join('\n');
};
