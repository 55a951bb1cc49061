import { steadyOf } from './steady.js';
import { atLeastOne, roundingSlack, shareMin, type Limit } from './limit.js';

const spent = 0;
const sinceMs = 1;
/** What the share lacked of a whole one when something was counted last: zero where nothing was. */
const lacked = 2;

/**
 * A steady rate with room for a burst: over any time W at most burst + perSecond × W, exactly. Kept as what is spent and
 * drains away, not as what is left, so that zero means a full bucket.
 */
export const tokenBucket = (perSecond: number, burst: number): Limit => {
  const perMs = perSecond / 1000;
  const room = (share: number): number => atLeastOne(burst * share);
  /**
   * A share that falls takes its part of what is spent with it, as one that grows brings it (grew): what is left to spend stays what it is, or is all of the new room. Were it only
   * to grow by it, shares that go up and down by chance would use the bucket up.
   */
  const level = (s: Float64Array, at: number, nowMs: number, share: number): number => {
    const before = 1 - s[at + lacked]!;
    const left = s[at + spent]! - Math.max(0, nowMs - s[at + sinceMs]!) * perMs * share;
    const drained = share < before ? left - (room(before) - room(share)) : left;
    return drained > 0 ? drained : 0;
  };
  const set = (s: Float64Array, at: number, nowMs: number, share: number, spentNow: number): void => {
    s[at + spent] = spentNow;
    s[at + sinceMs] = Math.max(nowMs, s[at + sinceMs]!);
    s[at + lacked] = 1 - share;
  };
  return {
    kind: 'token_bucket',
    steady: steadyOf(perSecond, burst, false),
    width: 3,
    quota: { requests: burst, windowSeconds: Math.max(1, Math.ceil(burst / perSecond)) },
    check: (s, at, nowMs, share) => {
      const over = level(s, at, nowMs, share) + 1 - room(share);
      return over <= roundingSlack ? 0 : over / (perMs * share);
    },
    take: (s, at, nowMs, share) => {
      set(s, at, nowMs, share, level(s, at, nowMs, share) + 1);
      return 0;
    },
    give: () => undefined,
    grew: (s, at, nowMs, shareBefore, by) => {
      const share = shareBefore + by;
      set(s, at, nowMs, share, level(s, at, nowMs, shareBefore) + room(share) - room(shareBefore));
    },
    remaining: (s, at, nowMs, share) => Math.max(0, Math.floor(room(share) - level(s, at, nowMs, share) + roundingSlack)),
    // The share may become smaller in the meantime.
    idleFromMs: (s, at) => s[at + sinceMs]! + s[at + spent]! / (perMs * shareMin),
  };
};
