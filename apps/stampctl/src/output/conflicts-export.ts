import type { ConflictView } from '@lapidary/contracts/api/replication';

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

/** RFC 4180. What a spreadsheet would run as a formula is led by an apostrophe: values are what tenants' customers wrote. */
export const conflictsAsCsv = (conflicts: readonly ConflictView[]): string =>
  [columns.join(','), ...conflicts.map((conflict) => rowOf(conflict).map(cell).join(','))].map((line) => `${line}\r\n`).join('');

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

const cell = (value: unknown): string => {
  const plain = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const harmless = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};
