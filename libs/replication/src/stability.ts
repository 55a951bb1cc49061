import { covers, type KnownEvents } from './digest/vector-cover.js';

/** What a region has told that it knows, by an event at this place of its log. */
export interface Declaration {
  readonly epoch: number;
  readonly sequence: number;
  readonly known: KnownEvents;
}

/**
 * What of it is of these regions, in place of all that was ever heard of: what a region said that is gone for good, and that not all of those heard which are left,
 * nobody hears any more, and it would hold back everything for ever. Who purges by it loses nothing: a purge tells who deleted, and what is buried is kept
 * until everybody has said that it knows the purge (T3).
 */
export const ofRegions = (what: KnownEvents, regions: readonly string[]): KnownEvents =>
  Object.fromEntries(Object.entries(what).filter(([region]) => regions.includes(region)));

/**
 * Causal stability: every other region has said that it knows all of `what`, and all that it had told before it said so is known here.
 * So whatever comes from now on was written by who knew `what`. A region that says nothing, because it is cut off or new, holds it back.
 *
 * `known`: what this region knows without holes (what is held, parked or owed counts as not known).
 */
export const isStable = (
  what: KnownEvents,
  others: readonly string[],
  declared: ReadonlyMap<string, Declaration>,
  known: KnownEvents,
): boolean =>
  others.every((region) => {
    const declaration = declared.get(region);
    if (!declaration || !covers(declaration.known, what)) return false;
    const { epoch, sequence } = declaration;
    return covers(known, { [region]: { epoch, sequence } });
  });

/** Regions that hold `what` back. */
export const holdingBack = (
  what: KnownEvents,
  others: readonly string[],
  declared: ReadonlyMap<string, Declaration>,
  known: KnownEvents,
): string[] => others.filter((region) => !isStable(what, [region], declared, known));
