import { AggregatorRegistry } from 'prom-client';
import type { Directory } from '../directory/directory.js';
import type { RouterMetrics } from '../metrics.js';
import type { MetricPages, Takers } from '../takers.js';
import { fillPolicyMetrics } from './policy-metrics.js';

export interface MetricsPageDeps {
  readonly directory: Directory;
  readonly metrics: RouterMetrics;
  readonly takers: Takers;
}

/** `GET /metrics`: what all threads count, as one router's. */
export const metricsPage = async ({ directory, metrics, takers }: MetricsPageDeps): Promise<string> => {
  const { cursor, entries, ageMs, lagMs } = directory.state();
  metrics.lapidary_router_directory_cursor.set(cursor);
  metrics.lapidary_router_directory_entries.set(entries);
  metrics.lapidary_router_directory_age_seconds.set(ageMs / 1000);
  metrics.lapidary_router_directory_event_lag_seconds.set(lagMs / 1000);
  metrics.lapidary_router_directory_bytes.set(directory.current?.bytesUsed ?? 0);
  metrics.lapidary_router_directory_live.set(directory.isLive ? 1 : 0);
  fillPolicyMetrics(metrics, await takers.looks());
  const others = await takers.metrics();
  if (others.length === 0) return metrics.registry.metrics();
  return AggregatorRegistry.aggregate([theOnlyOne(await metrics.registry.getMetricsAsJSON()), ...others]).metrics();
};

/**
 * Counters, histograms and gauges of threads add up: each gauge is set by one thread, or counts what one has. Metrics of the process are
 * the main thread's alone; some say that they can't be added, and would be left out.
 */
const theOnlyOne = (pages: MetricPages): MetricPages =>
  pages.map((page) => ((page.aggregator as string) === 'omit' ? { ...page, aggregator: 'first' } : page));
