import { systemClock } from '@lapidary/kernel/clock';
import { Directory } from '../directory/directory.js';
import { createRouterMetrics, type RouterMetrics } from '../metrics.js';
import type { MetricPages, Takers } from '../takers.js';
import { metricsPage } from './metrics-page.js';

const thread = (): RouterMetrics => createRouterMetrics({ processMetrics: false });
const valueOf = (page: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1]);

/** The page of a router whose main thread has one of these registries, and its workers the others. */
const pageOf = async ([main, ...workers]: readonly RouterMetrics[]): Promise<string> => {
  const pages: MetricPages[] = await Promise.all(workers.map(({ registry }) => registry.getMetricsAsJSON()));
  const takers = { looks: () => Promise.resolve([]), metrics: () => Promise.resolve(pages) } as unknown as Takers;
  return metricsPage({ directory: new Directory(systemClock), metrics: main!, takers });
};

it('of times that each thread notes for itself the page tells the earliest: nobody’s keys or certificates are newer than they are', async () => {
  const threads = [thread(), thread(), thread()];
  const notedAt = [1_700_000_300, 1_700_000_000, 1_700_000_200];
  threads.forEach((metrics, i) => {
    metrics.lapidary_router_token_keys_confirmed_seconds.set(notedAt[i]!);
    metrics.lapidary_router_tunnels.set(2);
  });
  const page = await pageOf(threads);
  expect(valueOf(page, 'lapidary_router_token_keys_confirmed_seconds')).toBe(1_700_000_000);
  expect(valueOf(page, 'lapidary_router_tunnels')).toBe(6);
});

it('no declared time since 1970 that more than one thread sets is added up', async () => {
  const { registry } = thread();
  const ofMainThreadAlone = ['lapidary_router_directory_audited_seconds'];
  const times = (await registry.getMetricsAsJSON()).filter(({ help }) => /Unix time|since 1970/.test(help));
  expect(times.map(({ name, aggregator }) => [name, aggregator])).toEqual(
    expect.arrayContaining(times.map(({ name }) => [name, ofMainThreadAlone.includes(name) ? 'sum' : 'min'])),
  );
  expect(times.length).toBeGreaterThan(2);
});
