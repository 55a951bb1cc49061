import { atLeastOne, roundingSlack, type Limit } from './limit.js';

/** Nobody knows when one of those under way will end; most requests take less than this. */
const askAgainMs = 1_000;

/** At most `max` under way at one time, exactly: each that is taken is given back. */
export const concurrency = (max: number): Limit => ({
  kind: 'concurrency',
  width: 1,
  quota: { requests: max, windowSeconds: null },
  check: (s, at, _nowMs, share) => (s[at]! + 1 <= atLeastOne(max * share) + roundingSlack ? 0 : askAgainMs),
  take: (s, at) => {
    s[at]! += 1;
    return 0;
  },
  // What another router has under way above its smaller share ends by itself; until then both may be at work.
  grew: () => undefined,
  give: (s, at) => {
    if (s[at]! > 0) s[at]! -= 1;
  },
  remaining: (s, at, _nowMs, share) => Math.max(0, Math.floor(atLeastOne(max * share) + roundingSlack) - s[at]!),
  idleFromMs: (s, at) => (s[at] === 0 ? 0 : Infinity),
});
