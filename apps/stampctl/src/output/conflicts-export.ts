import type { ConflictView } from '@lapidary/contracts/api/replication';
import { csvHead, csvRows } from './csv.js';

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

/** What stands before the first page, and what a page is. */
export const conflictFormats = {
  ndjson: {
    head: '',
    page: (conflicts: readonly ConflictView[]): string => conflicts.map((conflict) => `${JSON.stringify(conflict)}\n`).join(''),
  },
  csv: { head: csvHead(columns), page: (conflicts: readonly ConflictView[]): string => csvRows(conflicts.map(rowOf)) },
} as const;

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
