import { collectDefaultMetrics, Counter, type Aggregator, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Metrics are declared as data and made from it, so that docs/reference/metrics.md is generated from the same lists.
 * Units stand last in names (Prometheus convention): _seconds, _bytes, _total.
 */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
  /** Of several threads that set it; without, they add up. */
  readonly together?: 'min';
}

type MetricOf<T extends MetricDeclaration> = T['type'] extends 'counter' ? Counter : T['type'] extends 'gauge' ? Gauge : Histogram;

export type MetricsOf<D extends Record<string, MetricDeclaration>> = { readonly [K in keyof D]: MetricOf<D[K]> } & {
  readonly registry: Registry;
};

/**
 * Creates every declared metric in a registry of its own (no global registry: several instances live in one test
 * process), or in the one given, so that a feature's metrics stand on the process's page.
 */
export const createMetrics = <D extends Record<string, MetricDeclaration>>(
  declarations: D,
  options: { processMetrics: boolean; registry?: Registry },
): MetricsOf<D> => {
  const registry = options.registry ?? new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const made: Record<string, Counter | Gauge | Histogram> = {};
  for (const [name, { type, help, labels, buckets, together = 'sum' }] of Object.entries(declarations)) {
    const aggregator: Aggregator = together;
    const base = { name, help, labelNames: [...labels], registers: [registry], aggregator };
    made[name] =
      type === 'counter'
        ? new Counter(base)
        : type === 'gauge'
          ? new Gauge(base)
          : new Histogram({ ...base, buckets: [...(buckets ?? [])] });
  }
  return Object.assign(made, { registry }) as unknown as MetricsOf<D>;
};

/** Seconds; fine around the few milliseconds that the router may add (P-LB1), coarse beyond. */
export const latencyBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
