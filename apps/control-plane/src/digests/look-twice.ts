import { setTimeout as sleep } from 'node:timers/promises';
import { covers, withoutRegions, type KnownEvents } from '@lapidary/replication/digest/vector-cover';

/** Links carry events in well under a second; what has not caught up by then is behind, and looked at the next time. */
const coverMsMax = 10_000;
const pollMs = 100;

/** What both sides held at one moment each, and how far each knew the origins. */
interface Look {
  readonly own: { readonly known: KnownEvents };
  readonly theirs: { readonly known: KnownEvents };
}

export interface LookedTwice<T> {
  readonly first: T;
  readonly second: T;
  /** In the second look each side knew what the other one knew in the first: what still differs was not on its way. */
  readonly isCovered: boolean;
}

/**
 * Looks until the second look covers the first, or for as long as catching up may take. `lost`: regions of whose logs nothing is on its way any more, since all agree that they
 * are lost (RG2): what one side had heard more of than the other is drift, and nobody would ever tell it.
 */
export const lookTwice = async <T extends Look>(
  look: () => Promise<T>,
  lost: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<LookedTwice<T>> => {
  const first = await look();
  const untilMs = Date.now() + coverMsMax;
  let second = await look();
  const coversLiving = (a: KnownEvents, b: KnownEvents): boolean => covers(a, withoutRegions(b, lost));
  const isCovered = (): boolean => coversLiving(second.own.known, first.theirs.known) && coversLiving(second.theirs.known, first.own.known);
  while (!isCovered() && Date.now() < untilMs) {
    await sleep(pollMs, undefined, { signal });
    second = await look();
  }
  return { first, second, isCovered: isCovered() };
};
