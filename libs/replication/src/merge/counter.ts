import { digestOf } from '@lapidary/kernel/canonical-json';
import { joinRecords, own } from './json.js';
import { emptyRegister, mergeRegisters, type Register } from './register.js';
import { joinUnknown } from './unknown-fields.js';

/**
 * Counter with escrow (O'Neil, "The Escrow Transactional Method", 1986; bounded counters of Balegas et al., 2015). Each
 * region counts its own additions and subtractions and what it has given away; nobody else writes its row, and every
 * number in it only grows, so that the greater one is the newer.
 *
 *   value            = Σ added − Σ subtracted
 *   rights of region = its added − its subtracted − its given + given to it by others
 *
 * Invariants (C1–C3 of docs/flows/collections.md):
 *   C1  the rights of all regions add up to the value
 *   C2  a region subtracts and gives only what it has rights to, as far as it knows
 *   C3  hence the value of a bounded counter is never below zero, in any replica at any time: a change carries all rows that
 *       its writer knew, so that nobody hears of rights that were used before hearing of rights that were given
 *
 * Lives. Where a deleted counter is purged (collections/graves.ts) its next life begins, at zero: who knows of it writes in rows of that life,
 * and `begun` says what the rows before it were.
 *   C4  rows before a life do not count where they are what they were when it began, or forgotten; where somebody who had not heard of it
 *       wrote on, they count, all of them, so that nothing is lost and C1–C3 hold: in each life by itself nobody spends more than it has
 */
export interface CounterRow {
  readonly added: number;
  readonly subtracted: number;
  /** Region → rights given to it, in total. */
  readonly given: Readonly<Record<string, number>>;
}

export interface CounterState {
  /** Writer → its row. A writer is a region in one epoch of its database: what a restored database has forgotten stays counted. */
  readonly rows: Readonly<Record<string, CounterRow>>;
  readonly alive: Register;
  /** Life, from 1 → digest of all rows before it, as they were when it began. */
  readonly begun?: Readonly<Record<string, string>> | undefined;
}

export const emptyCounter: CounterState = { rows: {}, alive: emptyRegister };
const emptyRow: CounterRow = { added: 0, subtracted: 0, given: {} };
const knownFields: ReadonlySet<string> = new Set<keyof CounterState | 'kind'>(['kind', 'rows', 'alive', 'begun']);
const knownOfRow: ReadonlySet<string> = new Set<keyof CounterRow>(['added', 'subtracted', 'given']);

/** Names the row that a region writes in one epoch of its database and one life of the counter. */
export const counterWriter = (region: string, epoch: number, life = 0): string => `${region}#${epoch}${life > 0 ? `.${life}` : ''}`;
const lifeOfWriter = (writer: string): number => Number(/\.(\d+)$/.exec(writer)?.[1] ?? 0);
const regionOfWriter = (writer: string): string => writer.slice(0, writer.indexOf('#'));

const mergeRows = (a: CounterRow, b: CounterRow): CounterRow => ({
  ...joinUnknown(a, b, knownOfRow),
  added: Math.max(a.added, b.added),
  subtracted: Math.max(a.subtracted, b.subtracted),
  given: joinRecords(a.given, b.given, Math.max),
});

export const mergeCounters = (a: CounterState, b: CounterState): CounterState => ({
  ...joinUnknown(a, b, knownFields),
  rows: joinRecords(a.rows, b.rows, mergeRows),
  alive: mergeRegisters(a.alive, b.alive),
  // Two of one life there are only where a region that is no more began it: the same of them everywhere.
  ...(a.begun || b.begun ? { begun: joinRecords(a.begun ?? {}, b.begun ?? {}, (x, y) => (x > y ? x : y)) } : {}),
});

type Rows = CounterState['rows'];

const livesOf = ({ begun }: CounterState): number[] =>
  Object.keys(begun ?? {})
    .map(Number)
    .sort((a, b) => b - a);

/** The life that is written in. */
export const lifeOfCounter = (state: CounterState): number => livesOf(state)[0] ?? 0;

const rowsFrom = (rows: Rows, life: number): Rows =>
  Object.fromEntries(Object.entries(rows).filter(([writer]) => lifeOfWriter(writer) >= life));
const rowsBefore = (rows: Rows, life: number): Rows =>
  Object.fromEntries(Object.entries(rows).filter(([writer]) => lifeOfWriter(writer) < life));

/** The rows that count (C4). */
const countedRows = (state: CounterState): Rows => {
  const life = livesOf(state).find((begun) => {
    const before = rowsBefore(state.rows, begun);
    return Object.keys(before).length === 0 || digestOf(before) === state.begun![begun];
  });
  return life === undefined ? state.rows : rowsFrom(state.rows, life);
};

/** The counter as its next life begins. */
export const beginLife = (state: CounterState): CounterState => ({
  ...state,
  begun: { ...state.begun, [lifeOfCounter(state) + 1]: digestOf(state.rows) },
});

/** What is left of a counter when all before its life is forgotten. */
export const forgetLives = (state: CounterState): Pick<CounterState, 'rows' | 'begun'> => {
  const life = lifeOfCounter(state);
  return { rows: {}, begun: { [life]: state.begun![life]! } };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export const valueOfCounter = (state: CounterState): number => sum(Object.values(countedRows(state)).map((r) => r.added - r.subtracted));

/** How much each region may subtract by itself, regions that were only given rights included. */
export const rightsOf = (state: CounterState): Record<string, number> => {
  const rights = new Map<string, number>();
  const add = (region: string, units: number): void => void rights.set(region, (rights.get(region) ?? 0) + units);
  for (const [writer, row] of Object.entries(countedRows(state))) {
    add(regionOfWriter(writer), row.added - row.subtracted - sum(Object.values(row.given)));
    for (const [to, units] of Object.entries(row.given)) add(to, units);
  }
  return Object.fromEntries([...rights].sort(([a], [b]) => (a < b ? -1 : 1)));
};

export type CounterOperation =
  | { readonly op: 'add'; readonly units: number }
  | { readonly op: 'subtract'; readonly units: number }
  /** Gives rights to another region; the value stays. */
  | { readonly op: 'give'; readonly units: number; readonly to: string };

export type CounterOutcome =
  | { readonly ok: true; readonly row: CounterRow }
  | { readonly ok: false; readonly why: 'no-rights' | 'too-large'; readonly rights: number };

/** Does what a region may do by itself, or says why not (C2). `bounded`: the value must not fall below zero. */
export const operateCounter = (
  state: CounterState,
  region: string,
  epoch: number,
  operation: CounterOperation,
  bounded: boolean,
): CounterOutcome => {
  const row = own(state.rows, counterWriter(region, epoch, lifeOfCounter(state))) ?? emptyRow;
  const rights = own(rightsOf(state), region) ?? 0;
  const { units } = operation;
  if (operation.op !== 'add' && (bounded || operation.op === 'give') && rights < units) return { ok: false, why: 'no-rights', rights };
  const next: CounterRow =
    operation.op === 'add'
      ? { ...row, added: row.added + units }
      : operation.op === 'subtract'
        ? { ...row, subtracted: row.subtracted + units }
        : { ...row, given: { ...row.given, [operation.to]: (own(row.given, operation.to) ?? 0) + units } };
  // Beyond 2^53 sums are no longer exact, and exactness is the point.
  const exact = [next.added, next.subtracted, ...Object.values(next.given)].every(Number.isSafeInteger);
  return exact ? { ok: true, row: next } : { ok: false, why: 'too-large', rights };
};
