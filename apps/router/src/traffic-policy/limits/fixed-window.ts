import { countOf, leastShareOf, withShare } from './least-share.js';
import { atLeastOne, roundingSlack, type Limit } from './limit.js';

const windowNumber = 0;
/** With the least share that was held in the window. */
const count = 1;

/**
 * So many in each window of the router's own time: exactly `max` in a window, hence at most 2 × max in any time of a
 * window's length. The cheapest to explain; the sliding window is the one without the double.
 */
export const fixedWindow = (max: number, windowMs: number): Limit => {
  // Window 0 is never the present one, so that zeros mean an untouched key.
  const numberAt = (nowMs: number): number => Math.floor(nowMs / windowMs) + 1;
  // A clock that goes back begins no window anew.
  const present = (s: Float64Array, at: number, nowMs: number): number => Math.max(s[at + windowNumber]!, numberAt(nowMs));
  const held = (s: Float64Array, at: number, nowMs: number): number => (s[at + windowNumber]! >= numberAt(nowMs) ? s[at + count]! : 0);
  const left = (s: Float64Array, at: number, nowMs: number, share: number): number => {
    const packed = held(s, at, nowMs);
    return atLeastOne(max * Math.min(share, leastShareOf(packed))) - countOf(packed) + roundingSlack;
  };
  return {
    kind: 'fixed_window',
    width: 2,
    quota: { requests: max, windowSeconds: windowMs / 1000 },
    check: (s, at, nowMs, share) => (left(s, at, nowMs, share) >= 1 ? 0 : present(s, at, nowMs) * windowMs - nowMs),
    take: (s, at, nowMs) => {
      s[at + count] = held(s, at, nowMs) + 1;
      s[at + windowNumber] = present(s, at, nowMs);
      return 0;
    },
    give: () => undefined,
    grew: (s, at, nowMs, shareBefore) => {
      s[at + count] = withShare(held(s, at, nowMs), shareBefore);
      s[at + windowNumber] = present(s, at, nowMs);
    },
    remaining: (s, at, nowMs, share) => Math.max(0, Math.floor(left(s, at, nowMs, share))),
    idleFromMs: (s, at) => s[at + windowNumber]! * windowMs,
  };
};
