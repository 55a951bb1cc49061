import fc from 'fast-check';
import { HeavyHitters } from './heavy-hitters.js';
import { LogHistogram } from './log-histogram.js';

const size = 8;
const sketch = () =>
  new HeavyHitters<{ n: number }>(
    size,
    () => ({ n: 0 }),
    (value) => void (value.n = 0),
  );

describe('the keys that come most often', () => {
  it('are all in it, and no count is below the truth or above it by more than is said', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.integer({ max: 200 }).map(String)), { maxLength: 800 }), (keys) => {
        const hitters = sketch();
        const truth = new Map<string, number>();
        for (const key of keys) {
          hitters.hit(key).n += 1;
          truth.set(key, (truth.get(key) ?? 0) + 1);
        }
        const top = hitters.top(size);
        for (const { key, count, error } of top) {
          expect(count).toBeGreaterThanOrEqual(truth.get(key)!);
          expect(count - error).toBeLessThanOrEqual(truth.get(key)!);
        }
        const held = new Set(top.map(({ key }) => key));
        for (const [key, count] of truth) if (count > keys.length / size) expect(held).toContain(key);
        expect(held.size).toBe(Math.min(size, truth.size));
      }),
    );
  });

  it('a million keys take no more room than a few', () => {
    const hitters = sketch();
    for (let i = 0; i < 1_000_000; i += 1) hitters.hit(i % 3 === 0 ? 'noisy' : `t${i}`);
    expect(hitters.top(1)).toMatchObject([{ key: 'noisy' }]);
    expect(hitters.top(100)).toHaveLength(size);
  });
});

describe('times in buckets', () => {
  it('a quantile is within a fifth of the true one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.06, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 }), (times) => {
        const histogram = new LogHistogram();
        for (const ms of times) histogram.add(ms);
        const sorted = [...times].sort((a, b) => a - b);
        for (const part of [0.5, 0.99]) {
          const exact = sorted[Math.ceil(times.length * part) - 1]!;
          expect(histogram.quantileMs(part)! / exact).toBeGreaterThanOrEqual(0.999);
          expect(histogram.quantileMs(part)! / exact).toBeLessThanOrEqual(1.201);
        }
      }),
    );
  });

  it('nothing was measured: nothing is said', () => expect(new LogHistogram().quantileMs(0.5)).toBeNull());
});
