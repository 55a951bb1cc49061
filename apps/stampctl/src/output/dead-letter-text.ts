import type { DeadLetterView } from '@lapidary/contracts/api/dead-letters';
import { ago } from './human-time.js';
import type { View } from './output.js';
import { renderFacts, renderTable, type Column } from './table.js';

const stateOf = (letter: DeadLetterView, view: View): string =>
  letter.resolution === null ? view.colours.red('open') : view.colours.dim(letter.resolution);

export const deadLettersTable = (letters: readonly DeadLetterView[], view: View): string => {
  const columns: Column<DeadLetterView>[] = [
    { title: 'LETTER', cell: (l) => view.colours.bold(l.id) },
    { title: 'KIND', cell: (l) => l.kind },
    { title: 'SUBJECT', cell: (l) => l.subject ?? '-' },
    { title: 'STATE', cell: (l) => stateOf(l, view) },
    { title: 'DEAD', cell: (l) => ago(l.deadAt, view.nowMs) },
    { title: 'CAUSE', cell: (l) => l.cause, wide: true },
    { title: 'JOB', cell: (l) => l.job ?? '-', wide: true },
    { title: 'MESSAGE', cell: (l) => l.message, wide: true },
  ];
  return renderTable(columns, letters, view.wide);
};

export const deadLetterFacts = (letter: DeadLetterView, view: View): string =>
  renderFacts([
    ['dead letter', view.colours.bold(letter.id)],
    ['state', stateOf(letter, view)],
    ['would do', `${letter.kind} ${letter.subject ?? '(unknown)'}`],
    ['cause', `${letter.cause}: ${letter.message}`],
    ['step', letter.step],
    ['attempts', letter.attempts],
    ['job', letter.job],
    ['message', letter.payload === null ? null : JSON.stringify(letter.payload)],
    ['dead', ago(letter.deadAt, view.nowMs)],
    ['resolved', letter.resolvedBy === null ? null : `by ${letter.resolvedBy}, ${ago(letter.resolvedAt, view.nowMs)}`],
    ['reason', letter.reason],
  ]);
