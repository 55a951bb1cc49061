import { latencyBoundsMs, type Traffic } from '@lapidary/contracts/agent-protocol';

/** Agents beat once a second; one row in two of these is more than any window needs. */
export const trafficSlotMs = 2_000;
/** Within it windows are exact to a slot; before it, one row a minute is kept. */
export const trafficExactMs = 10 * 60_000;
export const trafficKeptMs = 24 * 3_600_000;

/** Counters of one agent process at two moments: at or just before the beginning of a window, and the newest. */
export interface TrafficPair {
  readonly stamp: string;
  readonly base: Traffic;
  readonly newest: Traffic;
}

export const noTraffic = (): Traffic => ({ requests: 0, errors: 0, latency: Array.from({ length: latencyBoundsMs.length + 1 }, () => 0) });

const combine = (a: Traffic, b: Traffic, sign: 1 | -1): Traffic => ({
  requests: Math.max(0, a.requests + sign * b.requests),
  errors: Math.max(0, a.errors + sign * b.errors),
  latency: noTraffic().latency.map((_, i) => Math.max(0, (a.latency[i] ?? 0) + sign * (b.latency[i] ?? 0))),
});

/** Two groups of requests as one. Counts of buckets can be added; that is why they travel instead of percentiles. */
export const addTraffic = (a: Traffic, b: Traffic): Traffic => combine(a, b, 1);

/** What happened in a window, by stamp: the differences, added up over the agent processes that the stamp had in it. */
export const windowOf = (pairs: readonly TrafficPair[]): Record<string, Traffic> => {
  const totals: Record<string, Traffic> = {};
  for (const { stamp, base, newest } of pairs) totals[stamp] = addTraffic(totals[stamp] ?? noTraffic(), combine(newest, base, -1));
  return totals;
};
