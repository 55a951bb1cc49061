import { steadyOf } from './steady.js';
import { atLeastOne, roundingSlack, shareMin, type Limit } from './limit.js';

const spent = 0;
const sinceMs = 1;

/**
 * A steady rate with room for a burst: over any time W at most burst + perSecond × W, exactly. Kept as what is spent and
 * drains away, not as what is left, so that zero means a full bucket.
 */
export const tokenBucket = (perSecond: number, burst: number): Limit => {
  const perMs = perSecond / 1000;
  const level = (s: Float64Array, at: number, nowMs: number, share: number): number => {
    const drained = s[at + spent]! - Math.max(0, nowMs - s[at + sinceMs]!) * perMs * share;
    return drained > 0 ? drained : 0;
  };
  return {
    kind: 'token_bucket',
    steady: steadyOf(perSecond, burst, false),
    width: 2,
    quota: { requests: burst, windowSeconds: Math.max(1, Math.ceil(burst / perSecond)) },
    check: (s, at, nowMs, share) => {
      const over = level(s, at, nowMs, share) + 1 - atLeastOne(burst * share);
      return over <= roundingSlack ? 0 : over / (perMs * share);
    },
    take: (s, at, nowMs, share) => {
      s[at + spent] = level(s, at, nowMs, share) + 1;
      s[at + sinceMs] = Math.max(nowMs, s[at + sinceMs]!);
      return 0;
    },
    give: () => undefined,
    grew: (s, at, nowMs, shareBefore, by) => {
      s[at + spent] = level(s, at, nowMs, shareBefore) + atLeastOne(burst * (shareBefore + by)) - atLeastOne(burst * shareBefore);
      s[at + sinceMs] = Math.max(nowMs, s[at + sinceMs]!);
    },
    remaining: (s, at, nowMs, share) => Math.max(0, Math.floor(atLeastOne(burst * share) - level(s, at, nowMs, share) + roundingSlack)),
    // The share may become smaller in the meantime.
    idleFromMs: (s, at) => s[at + sinceMs]! + s[at + spent]! / (perMs * shareMin),
  };
};
