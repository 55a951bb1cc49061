import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import type { Register, Sibling } from './register.js';

/**
 * Which of several concurrent values is shown:
 *   last-write   the latest by hybrid logical time; its text form ends in the region, which breaks ties
 *   first-write  the earliest by hybrid logical time
 *   highest      the greatest number, or text; then the latest. A removal has no value and loses
 *   lowest       the least number, or text; then the latest. A removal loses too
 *   prefer:<region>  that region's value where it is among them, else the latest
 */
export const resolveRulePattern = /^(?:last-write|first-write|highest|lowest|prefer:[a-z](?:[a-z0-9]|-(?=[a-z]))*)$/;
export type ResolveRule = 'last-write' | 'first-write' | 'highest' | 'lowest' | `prefer:${string}`;

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Numbers by size, everything else by its canonical text; numbers come before the rest. */
const compareValues = (a: Sibling, b: Sibling): number => {
  const [x, y] = [a.value, b.value];
  if (typeof x === 'number' && typeof y === 'number' && x !== y) return x - y;
  if ((typeof x === 'number') !== (typeof y === 'number')) return typeof x === 'number' ? -1 : 1;
  return compareText(canonicalJson(x), canonicalJson(y));
};

/** Positive where `a` is to be shown rather than `b`. A total order, since times differ. */
const compareBy = (rule: ResolveRule, a: Sibling, b: Sibling): number => {
  const byTime = compareText(a.at, b.at);
  if (rule === 'last-write') return byTime;
  if (rule === 'first-write') return -byTime;
  if (rule === 'highest' || rule === 'lowest') {
    const [hasA, hasB] = [a.value !== undefined, b.value !== undefined];
    if (hasA !== hasB) return hasA ? 1 : -1;
    if (!hasA) return byTime;
    const byValue = compareValues(a, b);
    return (rule === 'highest' ? byValue : -byValue) || byTime;
  }
  const region = rule.slice('prefer:'.length);
  const [isA, isB] = [regionOfHlc(a.at) === region, regionOfHlc(b.at) === region];
  return isA === isB ? byTime : isA ? 1 : -1;
};

export interface Resolved {
  /** Null where nothing was ever written. */
  readonly winner: Sibling | null;
  /** Values that are not shown and differ from the one that is: each belongs into the conflict ledger. */
  readonly losers: readonly Sibling[];
}

export const resolveRegister = (register: Register, rule: ResolveRule): Resolved => {
  const { siblings } = register;
  let winner = siblings[0] ?? null;
  // Nearly every register: nothing to compare, and merges ask this of every field.
  if (winner === null || siblings.length === 1) return { winner, losers: none };
  for (const sibling of siblings) if (compareBy(rule, sibling, winner) > 0) winner = sibling;
  const { value: shown } = winner;
  return { winner, losers: siblings.filter((s) => s !== winner && !saysTheSame(s.value, shown)) };
};
const none: readonly Sibling[] = [];

/** As JSON: what is neither a list nor an object has one form, and is another one than theirs. */
const saysTheSame = (a: Sibling['value'], b: Sibling['value']): boolean =>
  a === b || (isComposed(a) && isComposed(b) && canonicalJson(a) === canonicalJson(b));
const isComposed = (value: Sibling['value']): value is object & Sibling['value'] => typeof value === 'object' && value !== null;
