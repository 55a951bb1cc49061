import type { Decision, Explanation } from '@lapidary/contracts/api/tenants';
import { harmlessCell } from './harmless.js';
import { ago } from './human-time.js';
import type { View } from './output.js';
import { renderWrapped } from './table.js';

type Candidate = Decision['candidates'][number];

/** Two leading spaces, the mark. */
const markWidth = 4;

/** Why the tenant is where it is. The chosen stamp comes first, then the possible ones by score, then the refused ones. */
export const explanationText = (explanation: Explanation, decision: Decision, view: View): string => {
  const { tenant, now } = explanation;
  const { bold, dim, yellow } = view.colours;
  const head = [
    `${bold(tenant.id)}: ${tenant.status}${tenant.placement ? ` on ${bold(tenant.placement.stamp)}, epoch ${tenant.placement.epoch}` : ''}`,
    ...wrap(`Decided ${ago(decision.at, view.nowMs)}: ${decision.summary}`, view.columns),
  ];
  if (decision !== now && now.chosen !== decision.chosen) {
    head.push(...wrap(`At this moment it would be different: ${now.summary} (--now shows it)`, view.columns).map((line) => yellow(line)));
  }
  const blocks = [...decision.candidates].sort(byMerit(decision)).map((c) => candidateText(c, decision.chosen === c.stamp, view));
  if (blocks.length === 0) blocks.push(dim('No stamp was a candidate: there is none in the regions that the tenant may live in.'));
  return [...head, '', blocks.join('\n\n')].join('\n');
};

const byMerit =
  (decision: Decision) =>
  (a: Candidate, b: Candidate): number =>
    Number(b.stamp === decision.chosen) - Number(a.stamp === decision.chosen) ||
    (b.total ?? -1) - (a.total ?? -1) ||
    a.stamp.localeCompare(b.stamp);

const candidateText = (candidate: Candidate, chosen: boolean, view: View): string => {
  const { bold, dim, green, red } = view.colours;
  const verdict = candidate.eligible ? `total ${figure(candidate.total ?? 0)}` : red('refused');
  const title = `${bold(candidate.stamp)} ${dim(`in ${candidate.region}`)}  ${verdict}${chosen ? green(bold('  ◀ chosen')) : ''}`;
  const rules = candidate.rules.map((r) => [`  ${r.pass ? green('✓') : red('✗')}`, r.rule, r.reason]);
  const scores = candidate.scores.map((s) => ['  ·', s.score, `${figure(s.value)} × ${figure(s.weight)}`, s.reason]);
  // One width for the names of both, so that the eye runs down one edge.
  const nameWidth = longest([...rules, ...scores].map((row) => row[1] ?? ''));
  const figureWidth = longest(scores.map((row) => row[2] ?? ''));
  const parts = [title];
  if (rules.length > 0) parts.push(renderWrapped(rules, [markWidth, nameWidth], view.columns));
  if (scores.length > 0) parts.push(renderWrapped(scores, [markWidth, nameWidth, figureWidth], view.columns));
  return parts.join('\n');
};

const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));

const figure = (value: number): string => String(Math.round(value * 100) / 100);

const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of harmlessCell(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
};
