import { roundingSlack, type Limit } from './limit.js';
import { steadyOf } from './steady.js';

const nextFreeMs = 0;

/**
 * Lets out one at a time, evenly: what comes sooner is held back in a queue of at most `queue`, and refused beyond. Over
 * any time W at most 1 + perSecond × W are let out, exactly.
 */
export const leakyBucket = (perSecond: number, queue: number): Limit => {
  const intervalMs = 1000 / perSecond;
  const delayMs = (s: Float64Array, at: number, nowMs: number): number => Math.max(0, s[at + nextFreeMs]! - nowMs);
  return {
    kind: 'leaky_bucket',
    steady: steadyOf(perSecond, queue + 1, true),
    width: 1,
    quota: { requests: queue + 1, windowSeconds: Math.max(1, Math.ceil((queue + 1) / perSecond)) },
    check: (s, at, nowMs, share) => {
      const overMs = delayMs(s, at, nowMs) - (queue * intervalMs) / share;
      return overMs <= roundingSlack ? 0 : overMs;
    },
    take: (s, at, nowMs, share) => {
      const delay = delayMs(s, at, nowMs);
      s[at + nextFreeMs] = nowMs + delay + intervalMs / share;
      return delay;
    },
    give: () => undefined,
    // One at a time: there is no burst that could be had twice.
    grew: () => undefined,
    remaining: (s, at, nowMs, share) => Math.max(0, Math.floor(queue + 1 - (delayMs(s, at, nowMs) * share) / intervalMs + roundingSlack)),
    idleFromMs: (s, at) => s[at + nextFreeMs]!,
  };
};
