import type { CompartmentState, DoorState, TrafficRow, TrafficSummary } from '@lapidary/contracts/api/traffic';
import { LogHistogram } from './log-histogram.js';
import { tenantsShown, type Look } from './look.js';
import type { CountedRow } from './traffic-figures.js';

/** What this router tells of its traffic, all its threads together: `GET /traffic`, and every two seconds to its control plane. */
export const trafficReport = (router: string, looks: readonly Look[]): TrafficSummary => ({
  router,
  atMs: Date.now(),
  windowSeconds: Math.max(0, ...looks.map(({ window }) => window.seconds)),
  limitsVersion: oldestLimits(looks),
  budgetRouters: mostRouters(looks),
  stamps: rowsOf(looks, 'stamps'),
  tenants: rowsOf(looks, 'tenants').slice(0, tenantsShown),
  compartments: compartmentsOf(looks),
});

/** Rates add up though each thread's window begins at another moment; times are those of all requests together. */
export const rowsOf = (looks: readonly Look[], kind: 'stamps' | 'tenants'): TrafficRow[] => {
  const sums = new Map<string, Sum>();
  for (const { window } of looks) for (const row of window[kind]) sumOf(sums, row.name).add(row, window.seconds);
  return [...sums].map(([name, sum]) => sum.row(name)).sort((a, b) => b.perSecond - a.perSecond);
};

class Sum {
  private hits = 0;
  private error = 0;
  private failed = 0;
  private refused = 0;
  private readonly times = new LogHistogram();

  /** All but the times per second, from here on. */
  add(row: CountedRow, seconds: number): void {
    this.hits += row.hits / seconds;
    this.error += row.error / seconds;
    this.failed += row.failed / seconds;
    this.refused += row.refused / seconds;
    this.times.addAll(row.times);
  }

  row(name: string): TrafficRow {
    return {
      name,
      perSecond: tenth(this.hits),
      perSecondError: tenth(this.error),
      failedPerSecond: tenth(this.failed),
      refusedPerSecond: tenth(this.refused),
      p50Ms: hundredth(this.times.quantileMs(0.5)),
      p99Ms: hundredth(this.times.quantileMs(0.99)),
    };
  }
}

const sumOf = (sums: Map<string, Sum>, name: string): Sum => {
  const sum = sums.get(name) ?? new Sum();
  sums.set(name, sum);
  return sum;
};

const tenth = (value: number): number => Math.round(value * 10) / 10;
const hundredth = (value: number | null): number | null => (value === null ? null : Math.round(value * 100) / 100);

/** A thread that has not heard of the newest limits keeps to older ones; null: one keeps to the defaults. */
export const oldestLimits = (looks: readonly Look[]): number | null => {
  const versions = looks.map(({ limitsVersion }) => limitsVersion);
  return versions.reduce((a, b) => (a === null || b === null ? null : Math.min(a, b)), versions[0] ?? null);
};

export const mostRouters = (looks: readonly Look[]): number => Math.max(1, ...looks.map(({ budgetRouters }) => budgetRouters));

export const compartmentsOf = (looks: readonly Look[]): CompartmentState[] => {
  const states = new Map<string, CompartmentState>();
  for (const state of looks.flatMap(({ compartments }) => compartments)) {
    const sum = states.get(state.stamp);
    states.set(state.stamp, sum ? bothCompartments(sum, state) : state);
  }
  return [...states.values()];
};

const bothCompartments = (a: CompartmentState, b: CompartmentState): CompartmentState => ({
  stamp: a.stamp,
  inFlight: a.inFlight + b.inFlight,
  waiting: a.waiting + b.waiting,
  // Each keeps to it for all of them together; how a stamp does, each judges by its own answers.
  limit: Math.min(a.limit, b.limit),
  unwell: a.unwell || b.unwell,
  doors: [...new Set([...a.doors, ...b.doors].map(({ url }) => url))].map((url) => {
    const doors = [...a.doors, ...b.doors].filter((door) => door.url === url);
    return doors.reduce(bothDoors);
  }),
});

/** A breaker that is open for one thread is shown as open. */
const worstFirst = ['open', 'half_open', 'closed'] as const;

const bothDoors = (a: DoorState, b: DoorState): DoorState => ({
  url: a.url,
  breaker: worstFirst.find((state) => a.breaker === state || b.breaker === state)!,
  suspect: a.suspect || b.suspect,
  inUse: a.inUse + b.inUse,
});
