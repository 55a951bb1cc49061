import { latencyBoundsMs, type Traffic } from '@lapidary/contracts/agent-protocol';
import { RolloutPolicySchema } from '@lapidary/contracts/api/rollouts';
import fc from 'fast-check';
import { noTraffic } from '../../health/traffic-window.js';
import { compareErrors } from './compare-errors.js';
import { compareLatency } from './compare-latency.js';
import { percentileMs } from './latency-figures.js';
import { probabilityOfChance } from './statistics.js';

const policy = RolloutPolicySchema.parse({});
const traffic = (requests: number, errors: number, bucket = 3): Traffic => ({
  requests,
  errors,
  latency: noTraffic().latency.with(bucket, requests),
});

describe('the probability of chance', () => {
  it.each([
    // Large counts: z = 0.2 / sqrt(0.5 · 0.5 · 0.02) = 2.828.
    [{ hits: 60, of: 100 }, { hits: 40, of: 100 }, 0.00234],
    [{ hits: 50, of: 100 }, { hits: 50, of: 100 }, 0.5],
    // Small counts: the lady tasting tea, 3 of 4 against 1 of 4 (Fisher, The Design of Experiments).
    [{ hits: 3, of: 4 }, { hits: 1, of: 4 }, 0.2429],
    [{ hits: 4, of: 4 }, { hits: 0, of: 4 }, 0.0143],
    [{ hits: 0, of: 0 }, { hits: 5, of: 10 }, 1],
    [{ hits: 0, of: 500 }, { hits: 0, of: 500 }, 1],
  ])('%j against %j is %d', (a, b, expected) => expect(probabilityOfChance(a, b)).toBeCloseTo(expected, 4));

  it('lies between 0 and 1, and falls as the difference grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, m, share) => {
          const control = { hits: Math.floor(m * share), of: m };
          const chances = [0, 0.25, 0.5, 0.75, 1].map((s) => probabilityOfChance({ hits: Math.floor(n * s), of: n }, control));
          for (const p of chances) expect(p >= 0 && p <= 1).toBe(true);
          // The two tests meet at some counts; neither may turn a clear difference round.
          expect(chances[4]!).toBeLessThanOrEqual(chances[0]! + 1e-9);
        },
      ),
    );
  });
});

test('a percentile is found within its bucket, and lies within the bounds of what was counted', () => {
  expect(percentileMs({ ...noTraffic(), latency: noTraffic().latency.with(2, 100) }, 0.95)).toBeCloseTo(2.5 + 0.95 * 2.5);
  expect(percentileMs(noTraffic(), 0.95)).toBeNull();
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: latencyBoundsMs.length + 1, maxLength: latencyBoundsMs.length + 1 }), (latency) => {
      fc.pre(latency.some((n) => n > 0));
      const [p50, p95] = [0.5, 0.95].map((q) => percentileMs({ requests: 0, errors: 0, latency }, q)!);
      expect(p50).toBeLessThanOrEqual(p95!);
      const highest = latency.findLastIndex((n) => n > 0);
      expect(p95).toBeLessThanOrEqual(latencyBoundsMs[highest] ?? 20_000);
    }),
  );
});

describe('errors', () => {
  const errors = (changed: Traffic, control: Traffic | null): string =>
    compareErrors(policy, changed, control, policy.significance).outcome;
  it.each<[string, Traffic, Traffic | null, string]>([
    ['as few as the control group', traffic(1_000, 3), traffic(5_000, 15), 'pass'],
    ['clearly more', traffic(1_000, 60), traffic(5_000, 15), 'fail'],
    ['more for certain, but too little to matter', traffic(1_000_000, 4_000), traffic(1_000_000, 2_000), 'pass'],
    ['more, but chance explains it', traffic(250, 6), traffic(250, 2), 'pass'],
    ['over the limit, and so is the control group', traffic(1_000, 210), traffic(5_000, 1_000), 'hold'],
    ['over the limit of everybody, and still worse than an unwell control group', traffic(1_000, 600), traffic(5_000, 1_000), 'fail'],
    ['over the limit, with nobody left to compare with', traffic(1_000, 60), null, 'fail'],
    ['under the limit, with nobody left to compare with', traffic(1_000, 10), null, 'pass'],
    ['too few requests', traffic(199, 199), traffic(5_000, 0), 'unjudged'],
    ['a control group with too few requests', traffic(1_000, 10), traffic(10, 0), 'unjudged'],
    ['over the limit, with a control group too quiet to excuse it', traffic(1_000, 60), traffic(10, 0), 'fail'],
  ])('%s: %#', (_, changed, control, outcome) => expect(errors(changed, control)).toBe(outcome));
});

describe('latency', () => {
  const latency = (changed: Traffic, control: Traffic | null): string =>
    compareLatency(policy, changed, control, policy.significance).outcome;
  it.each<[string, Traffic, Traffic | null, string]>([
    ['as fast', traffic(1_000, 0, 5), traffic(5_000, 0, 5), 'pass'],
    ['much slower', traffic(1_000, 0, 8), traffic(5_000, 0, 5), 'fail'],
    ['slower by less than matters', traffic(1_000, 0, 2), traffic(5_000, 0, 1), 'pass'],
    ['over the limit, and so is the control group', traffic(1_000, 0, 11), traffic(5_000, 0, 11), 'hold'],
    ['over the limit, with nobody left to compare with', traffic(1_000, 0, 11), null, 'fail'],
    ['too few answers', traffic(100, 0, 11), traffic(5_000, 0, 1), 'unjudged'],
  ])('%s: %#', (_, changed, control, outcome) => expect(latency(changed, control)).toBe(outcome));
});
