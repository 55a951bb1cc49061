import { covers, type KnownEvents } from './digest/vector-cover.js';

/** What a region has told that it knows, by an event at this place of its log. */
export interface Declaration {
  readonly epoch: number;
  readonly sequence: number;
  readonly known: KnownEvents;
}

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
