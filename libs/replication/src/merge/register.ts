import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { joinRecords, own, type Json } from './json.js';
import { joinUnknown } from './unknown-fields.js';

/** Region → the latest write of it that is meant. Each write of a document ticks `alive`, so that `alive.seen` covers all of them. */
export type Seen = Readonly<Record<string, string>>;

/** One value that no other write has seen and replaced. Without a value: it was removed. */
export interface Sibling {
  /** Hybrid logical time of the write, in its text form; it names the region too, so no two writes of a key share it. */
  readonly at: string;
  readonly value?: Json;
}

/**
 * What every region keeps of one field: all values that were written concurrently, and how far it has seen each region's
 * writes. Which of the values is shown is a matter of the policy (resolve.ts), not of the state: states are equal wherever
 * the same writes are known, whatever policy each region had when it heard of them (I6).
 *
 * Invariants, kept by `writeRegister` and `mergeRegisters`:
 *   R1  each sibling was seen: sibling.at ≤ seen[region of sibling.at]
 *   R2  siblings are concurrent, at most one of each region, sorted by time
 *   R3  a value leaves only where a write that saw it took its place
 */
export interface Register {
  readonly siblings: readonly Sibling[];
  /** Region → latest write of that region which this state knows of. */
  readonly seen: Seen;
}

export const emptyRegister: Register = { siblings: [], seen: {} };
const knownFields: ReadonlySet<string> = new Set<keyof Register>(['siblings', 'seen']);

const later = (a: string, b: string): string => (a > b ? a : b);
/** All that either knows of. */
export const joinSeen = (a: Seen, b: Seen): Seen => joinRecords(a, b, later);
export const isCovered = (seen: Seen, by: Seen): boolean => Object.entries(seen).every(([region, at]) => (own(by, region) ?? '') >= at);

const byTime = (a: Sibling, b: Sibling): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);

/** A write that has seen all siblings and takes their place. `at` must be later than every time in the register. */
export const writeRegister = (register: Register, at: string, value?: Json): Register => ({
  ...register,
  siblings: [value === undefined ? { at } : { at, value }],
  seen: { ...register.seen, [regionOfHlc(at)]: at },
});

const hasSeen = (register: Register, sibling: Sibling): boolean => (own(register.seen, regionOfHlc(sibling.at)) ?? '') >= sibling.at;

/** Whether there is nothing in it that a newer version has added. */
const isKnown = (register: Register): boolean => {
  for (const name in register) if (name !== 'siblings' && name !== 'seen') return false;
  return true;
};

/**
 * The causal join (Almeida, Shoker and Baquero, "Delta State Replicated Data Types", 2018): a value stays where both have
 * it, or where the other side has not seen it yet.
 */
export const mergeRegisters = (a: Register, b: Register): Register => {
  if (a.siblings.length === 1 && b.siblings.length === 1 && a.siblings[0]!.at !== b.siblings[0]!.at) return mergeSingles(a, b);
  const inA = new Map(a.siblings.map((s) => [s.at, s]));
  const inB = new Map(b.siblings.map((s) => [s.at, s]));
  const both = a.siblings.filter((s) => inB.has(s.at)).map((s) => sameWrite(s, inB.get(s.at)!));
  const onlyA = a.siblings.filter((s) => !inB.has(s.at) && !hasSeen(b, s));
  const onlyB = b.siblings.filter((s) => !inA.has(s.at) && !hasSeen(a, s));
  return {
    ...joinUnknown(a, b, knownFields),
    siblings: [...both, ...onlyA, ...onlyB].sort(byTime),
    seen: joinSeen(a.seen, b.seen),
  };
};

/** Nearly all registers: one value on each side, of two writes. The same as the join above, without anything to look values up in. */
const mergeSingles = (a: Register, b: Register): Register => {
  const [x, y] = [a.siblings[0]!, b.siblings[0]!];
  const [keepsX, keepsY] = [!hasSeen(b, x), !hasSeen(a, y)];
  const both = x.at < y.at ? [x, y] : [y, x];
  const siblings = keepsX ? (keepsY ? both : [x]) : keepsY ? [y] : [];
  const seen = joinSeen(a.seen, b.seen);
  return isKnown(a) && isKnown(b) ? { siblings, seen } : { ...joinUnknown(a, b, knownFields), siblings, seen };
};

/** One write has one value; should corruption ever give it two, every region keeps the same of them. */
const sameWrite = (x: Sibling, y: Sibling): Sibling => (canonicalJson(x) >= canonicalJson(y) ? x : y);

/** Latest time in a register; a region's next write of the key must be later. Empty where nothing was ever written. */
export const latestOf = ({ seen }: Pick<Register, 'seen'>): string => {
  let latest = '';
  for (const region in seen) latest = later(latest, seen[region]!);
  return latest;
};
