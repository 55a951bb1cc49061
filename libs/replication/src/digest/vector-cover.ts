import { joinRecords } from '../merge/json.js';
import type { Position } from '../version-vector.js';

/**
 * What a region knows at a moment: for each region (its own too) how far that one's events are in what it holds. Its own entry
 * counts what is committed and not yet numbered, since the state has it already.
 */
export type KnownEvents = Readonly<Record<string, Position>>;

const atLeast = (a: Position, b: Position): boolean => a.epoch > b.epoch || (a.epoch === b.epoch && a.sequence >= b.sequence);

/** What both know together. */
export const joinKnown = (a: KnownEvents, b: KnownEvents): KnownEvents => joinRecords(a, b, (x, y) => (atLeast(x, y) ? x : y));

/** What of it is of other regions than these. */
export const withoutRegions = (known: KnownEvents, left: ReadonlySet<string>): KnownEvents =>
  Object.fromEntries(Object.entries(known).filter(([region]) => !left.has(region)));

/** Whether who knows `a` knows everything in `b`. */
export const covers = (a: KnownEvents, b: KnownEvents): boolean =>
  Object.entries(b).every(([region, position]) => {
    const known = Object.hasOwn(a, region) ? a[region]! : { epoch: 0, sequence: 0 };
    return atLeast(known, position);
  });
