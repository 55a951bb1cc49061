import type { Position } from '../version-vector.js';

/** The epoch under which a restored region opens (B2): beyond its own and every one that anybody named. */
export const epochToOpen = (own: number, heard: readonly number[]): number => 1 + Math.max(own, ...heard);

/**
 * Whether somebody says more of a log than when it was reconciled with (`heard`; null: it was not). Peers say it again each second until they have
 * heard of the new epoch: what was fetched from them must not be fetched for ever.
 */
export const saysMore = (heard: Position | null, known: Position): boolean =>
  heard === null || known.epoch > heard.epoch || (known.epoch === heard.epoch && known.sequence > heard.sequence);

/**
 * Whether all that a peer has told of its own is here, so that what differs then is what this region has forgotten. `at`: how far its log was
 * taken in; `log`: how far it goes. One that was restored too (`isSetBack`) tells its log anew under an epoch to come: what it holds of this
 * region is here all the same.
 */
export const hasCaughtUp = (at: Position, log: Position, isSetBack: boolean): boolean =>
  isSetBack || at.epoch > log.epoch || (at.epoch === log.epoch && at.sequence >= log.sequence);
