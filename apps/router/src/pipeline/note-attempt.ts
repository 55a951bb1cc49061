import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { RouterMetrics } from '../metrics.js';

/** Counts what became of one attempt at a stamp, on either path. */
export const noteAttempt = (metrics: RouterMetrics, stamp: string, result: ForwardResult): void => {
  const hasStatus = result.kind === 'answered' || result.kind === 'intercepted';
  if (hasStatus && result.status === 421) metrics.lapidary_router_misdirected_total.inc({ stamp });
  if (result.kind === 'answered' || result.kind === 'tunnelled')
    metrics.lapidary_router_upstream_seconds.observe({ stamp }, result.headMs / 1000);
  if (result.kind === 'answered') metrics.lapidary_router_answers_total.inc({ stamp, class: `${Math.floor(result.status / 100)}xx` });
};
