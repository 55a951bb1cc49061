import type { IntentDetail, IntentView } from '@lapidary/contracts/api/intents';
import { ago, humanDuration } from './human-time.js';
import type { View } from './output.js';
import { statusColour } from './status-colour.js';
import { renderFacts, renderTable, type Column } from './table.js';

const until = (time: string, nowMs: number): string => {
  const leftMs = Date.parse(time) - nowMs;
  return leftMs > 0 ? `in ${humanDuration(leftMs)}` : ago(time, nowMs);
};

export const intentsTable = (intents: readonly IntentView[], view: View): string => {
  const columns: Column<IntentView>[] = [
    { title: 'INTENT', cell: (i) => view.colours.bold(i.id) },
    { title: 'FOR', cell: (i) => i.owner },
    { title: 'SUBJECT', cell: (i) => i.subject },
    { title: 'STATE', cell: (i) => statusColour(i.state, view.colours) },
    { title: 'AGE', cell: (i) => humanDuration(i.ageSeconds * 1_000) },
    { title: 'EXPIRES', cell: (i) => (i.settledAt === null ? until(i.expiresAt, view.nowMs) : '-') },
    { title: 'SENT', cell: (i) => String(i.attempts), align: 'right', wide: true },
    { title: 'OPERATION', cell: (i) => i.operation, wide: true },
    { title: 'ACTOR', cell: (i) => i.actor, wide: true },
    { title: 'OUTCOME', cell: (i) => (i.outcome === null ? '-' : `${i.outcome.status} ${i.outcome.code ?? ''}`.trim()), wide: true },
  ];
  return renderTable(columns, intents, view.wide);
};

export const intentFacts = (intent: IntentDetail, view: View): string => {
  const { outcome } = intent;
  const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value));
  return renderFacts([
    ['intent', view.colours.bold(intent.id)],
    ['state', statusColour(intent.state, view.colours)],
    ['operation', intent.operation],
    ['subject', intent.subject],
    ['for region', intent.owner],
    ['asked', `${ago(intent.createdAt, view.nowMs)} by ${intent.actor} in ${intent.region}`],
    ['reason', intent.reason],
    ['expires', intent.settledAt === null ? `${intent.expiresAt}, ${until(intent.expiresAt, view.nowMs)}` : null],
    ['sent', intent.attempts === 0 ? 'never' : `${intent.attempts} times, last ${ago(intent.lastAttemptAt, view.nowMs)}`],
    ['last error', intent.lastError === null ? null : view.colours.red(intent.lastError)],
    ['ended', intent.settledAt === null ? null : `${ago(intent.settledAt, view.nowMs)} by ${intent.settledBy ?? 'nobody'}`],
    [
      'outcome',
      outcome === null ? null : [outcome.status, outcome.code, outcome.detail, outcome.location].filter((p) => p !== null).join(' '),
    ],
    ['request', json(intent.body)],
    ['answer', json(intent.answer)],
  ]);
};
