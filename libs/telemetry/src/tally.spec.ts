import { createMetrics } from './metrics.js';
import { CounterTable, CounterTally, gaugeOf, HistogramTally } from './tally.js';

const bounds = [0.1, 1];
const declarations = {
  a_total: { type: 'counter', help: 'a', labels: ['outcome'] },
  b_total: { type: 'counter', help: 'b', labels: ['stamp', 'class'] },
  c: { type: 'gauge', help: 'c', labels: [] },
  d_seconds: { type: 'histogram', help: 'd', labels: ['stamp'], buckets: bounds },
} as const;

describe('metrics of the hot path', () => {
  it('are told as prom-client would have counted them, at each reading', async () => {
    const [told, counted] = [
      createMetrics(declarations, { processMetrics: false }),
      createMetrics(declarations, { processMetrics: false }),
    ];
    const outcomes = new CounterTally(told.a_total, 'outcome');
    const classes = new CounterTable(told.b_total, ['stamp', 'class']);
    const times = new HistogramTally(told.d_seconds, 'stamp', bounds);
    let inFlight = 0;
    gaugeOf(told.c, () => inFlight);
    for (const round of [1, 2]) {
      for (const [outcome, stamp, of, seconds] of [
        ['answered', 'eu-1', '2xx', 0.1],
        ['answered', 'eu-1', '5xx', 0.5],
        ['cut', 'eu-2', '2xx', 7],
      ] as const) {
        outcomes.add(outcome);
        counted.a_total.inc({ outcome });
        classes.add(stamp, of);
        counted.b_total.inc({ stamp, class: of });
        times.observe(stamp, seconds);
        counted.d_seconds.observe({ stamp }, seconds);
      }
      counted.c.set((inFlight = round));
      expect(await told.registry.metrics()).toBe(await counted.registry.metrics());
      expect(await told.registry.getMetricsAsJSON()).toEqual(await counted.registry.getMetricsAsJSON());
    }
  });
});
