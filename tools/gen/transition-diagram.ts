import type { TransitionTable } from '@lapidary/kernel/transition-table';

/** A Mermaid state diagram and the reasons, from one transition table. */
export const transitionDiagram = (table: TransitionTable<string, string>): string =>
  [
    `## ${table.name}`,
    '',
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${id(table.initial)}`,
    ...table.transitions.flatMap((t) => t.from.map((from) => `  ${id(from)} --> ${id(t.to)}: ${t.event}`)),
    '```',
    '',
    '| State | Means |',
    '| --- | --- |',
    ...Object.entries(table.states).map(([state, means]) => `| ${state} | ${means} |`),
    '',
    '| Event | From | To | Why |',
    '| --- | --- | --- | --- |',
    ...table.transitions.map((t) => `| ${t.event} | ${t.from.join(', ')} | ${t.to} | ${t.why} |`),
    '',
  ].join('\n');

/** Mermaid ids have no hyphens. */
const id = (state: string): string => state.replaceAll('-', '_');
