import type { ConflictView } from '@lapidary/contracts/api/replication';
import { csvOf } from './csv.js';

const columns = [
  'id',
  'detectedAt',
  'collection',
  'tenant',
  'subject',
  'field',
  'policy',
  'winnerRegion',
  'winnerAt',
  'winnerValue',
  'loserRegion',
  'loserAt',
  'loserValue',
  'cause',
] as const;

export const conflictsAsNdjson = (conflicts: readonly ConflictView[]): string =>
  conflicts.map((conflict) => `${JSON.stringify(conflict)}\n`).join('');

export const conflictsAsCsv = (conflicts: readonly ConflictView[]): string => csvOf(columns, conflicts.map(rowOf));

const rowOf = (c: ConflictView): unknown[] => [
  c.id,
  c.detectedAt,
  c.collection,
  c.tenant,
  c.subject,
  c.field,
  c.policy,
  ...sideOf(c.winner),
  ...sideOf(c.loser),
  c.cause,
];

/** Region, time and value; a side that is of another form is its value as a whole. */
const sideOf = (side: unknown): unknown[] => {
  if (typeof side !== 'object' || side === null || !('at' in side || 'region' in side)) return ['', '', side];
  const { region, at, value } = side as { region?: unknown; at?: unknown; value?: unknown };
  return [region, at, value];
};
