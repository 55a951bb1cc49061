import { countOf, leastShareOf, withShare } from './least-share.js';
import { atLeastOne, roundingSlack, type Limit } from './limit.js';

/** A window is counted in so many slices; more would refuse less early and cost more state per key. */
const slices = 8;
/** Any time of a window's length touches the 8 slices and a part of one more. */
const counted = slices + 1;
const newest = 0;
/** By slice, each with the least share that was held in it. */
const counts = 1;

/**
 * At most `max` in any time of a window's length, exactly. Counted in slices, of which the oldest counts whole as long
 * as a part of it lies within the window: it may refuse up to an eighth of a window too early, never too late.
 */
export const slidingWindow = (max: number, windowMs: number): Limit => {
  const sliceMs = windowMs / slices;
  // Slice 0 is never the present one, so that zeros mean an untouched key.
  const numberAt = (nowMs: number): number => Math.floor(nowMs / sliceMs) + 1;
  /** Forgets what has left the window; the same however often it is called. */
  const advance = (s: Float64Array, at: number, number: number): void => {
    const passed = number - s[at + newest]!;
    if (passed <= 0) return;
    if (passed >= counted) s.fill(0, at + counts, at + counts + counted);
    else for (let n = number - passed + 1; n <= number; n += 1) s[at + counts + (n % counted)] = 0;
    s[at + newest] = number;
  };
  const used = (s: Float64Array, at: number): number => {
    let sum = 0;
    for (let i = 0; i < counted; i += 1) sum += countOf(s[at + counts + i]!);
    return sum;
  };
  const bound = (s: Float64Array, at: number, share: number): number => {
    let least = share;
    for (let i = 0; i < counted; i += 1) least = Math.min(least, leastShareOf(s[at + counts + i]!));
    return atLeastOne(max * least);
  };
  /** Until the newest of the slices has left with which there is no room: more than one may have to, and with one the least share may go. */
  const waitMs = (s: Float64Array, at: number, nowMs: number, share: number): number => {
    const number = s[at + newest]!;
    let left = 1;
    let least = share;
    let n = number;
    for (; n > Math.max(0, number - counted); n -= 1) {
      const slice = s[at + counts + (n % counted)]!;
      left += countOf(slice);
      least = Math.min(least, leastShareOf(slice));
      if (left - atLeastOne(max * least) > roundingSlack) break;
    }
    return (n + slices) * sliceMs - nowMs;
  };
  return {
    kind: 'sliding_window',
    width: counts + counted,
    quota: { requests: max, windowSeconds: windowMs / 1000 },
    check: (s, at, nowMs, share) => {
      advance(s, at, numberAt(nowMs));
      return used(s, at) + 1 - bound(s, at, share) <= roundingSlack ? 0 : waitMs(s, at, nowMs, share);
    },
    take: (s, at, nowMs) => {
      const number = numberAt(nowMs);
      advance(s, at, number);
      s[at + counts + (number % counted)]! += 1;
      return 0;
    },
    give: () => undefined,
    grew: (s, at, nowMs, shareBefore) => {
      const number = numberAt(nowMs);
      advance(s, at, number);
      const slice = at + counts + (number % counted);
      s[slice] = withShare(s[slice]!, shareBefore);
    },
    remaining: (s, at, nowMs, share) => {
      advance(s, at, numberAt(nowMs));
      return Math.max(0, Math.floor(bound(s, at, share) - used(s, at) + roundingSlack));
    },
    idleFromMs: (s, at) => (s[at + newest]! + slices) * sliceMs,
  };
};
