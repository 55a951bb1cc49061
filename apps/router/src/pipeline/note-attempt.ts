import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { RouterMetrics } from '../metrics.js';

const classes = ['', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Counts what became of one attempt at a stamp, on either path. */
export const noteAttempt = (metrics: RouterMetrics, stamp: string, result: ForwardResult): void => {
  const hasStatus = result.kind === 'answered' || result.kind === 'intercepted';
  if (hasStatus && result.status === 421) metrics.lapidary_router_misdirected_total.inc({ stamp });
  if (result.kind === 'answered' || result.kind === 'tunnelled') metrics.tallies.upstreamSeconds.observe(stamp, result.headMs / 1000);
  if (result.kind === 'answered') metrics.tallies.answers.add(stamp, classes[Math.floor(result.status / 100)] ?? 'other');
};
