/** What a process holds right after a forced collection, in megabytes: only what is still referred to. */
export interface Held {
  /** The process' requests until then. */
  readonly requests: number;
  /** V8's live objects and the buffers outside of its heap. */
  readonly liveMegabytes: number;
  /** Memory of the process' own without V8's heap and buffers: what the runtime and its libraries hold, the compilers' output among it. */
  readonly otherMegabytes: number;
  /** The longest time until then in which the process got no turn: a machine that takes seconds from it makes connections time out. */
  readonly stalledMs: number;
}

/**
 * Slope of the points by the median of the slopes of all pairs (Theil and Sen): up to a quarter of the points may be off by any amount,
 * as those are that were taken while somebody's large answer was on its way.
 */
const medianSlope = (points: readonly (readonly [x: number, y: number])[]): number => {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).flatMap(([x2, y2]) => (x2 === x ? [] : [(y2 - y) / (x2 - x)])));
  const sorted = slopes.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
};

/** Of the looks, those that are warm-up: code is compiled, pools fill, tables take their size. */
const warmUpShare = 1 / 3;

/**
 * By how many megabytes a part of the memory grew with the requests of a warm process: their number times the slope per request. A leak
 * goes on with every request, on a fast machine and a slow one; warm-up does not.
 */
export const grownMegabytes = (held: readonly Held[], part: 'liveMegabytes' | 'otherMegabytes'): number => {
  const warm = held.slice(Math.floor(held.length * warmUpShare));
  const requests = (warm.at(-1)?.requests ?? 0) - (warm[0]?.requests ?? 0);
  return requests * medianSlope(warm.map((h) => [h.requests, h[part]]));
};
