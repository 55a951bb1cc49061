import { formatHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { aheadMaxMs } from '../collections/apply-change.js';
import type { Position } from '../version-vector.js';

/**
 * The epoch under which a restored region opens (B2): beyond its own and every one that anybody named. `atLeast`: where some region was not heard,
 * which may know this one under epochs that it has begun since its backup was made and has forgotten, `epochOfMoment`.
 */
export const epochToOpen = (own: number, heard: readonly number[], atLeast = 0): number => 1 + Math.max(own, atLeast, ...heard);

/** Epochs that no earlier opening of a region can have begun, whatever it was restored to in between: seconds since 2026, for which 31 bits are enough. */
export const epochOfMoment = (nowMs: number): number => Math.max(0, Math.floor((nowMs - Date.UTC(2026, 0)) / 1_000));

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

/**
 * B6 where some region was not heard: the latest hybrid time of this region that it can have taken in. What is further ahead of its clock it holds
 * back; clocks of one fleet agree within some 100 ms, for which the others hold back what is written first.
 */
export const latestUnheard = (region: string, nowMs: number): string => formatHlc({ ms: nowMs + aheadMaxMs, counter: 0, region });
