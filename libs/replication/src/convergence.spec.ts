import fc from 'fast-check';
import { bucketOfMs, convergenceBoundsMs, noCounts, quantileMs } from './convergence.js';

const countsOf = (durations: readonly number[]): number[] => {
  const counts = noCounts();
  for (const ms of durations) counts[bucketOfMs(ms)]! += 1;
  return counts;
};

describe('convergence', () => {
  it('has no percentiles where nothing was counted', () => {
    expect(quantileMs(noCounts(), 0.5)).toBeNull();
  });

  it('tells percentiles within the bucket of the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_600_000 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (durations, share) => {
          const sorted = [...durations].sort((a, b) => a - b);
          const truth = sorted[Math.ceil(share * sorted.length) - 1]!;
          const told = quantileMs(countsOf(durations), share)!;
          const bucket = bucketOfMs(truth);
          expect(told).toBeGreaterThanOrEqual(bucket === 0 ? 0 : convergenceBoundsMs[bucket - 1]!);
          expect(told).toBeLessThanOrEqual(convergenceBoundsMs[bucket]!);
        },
      ),
    );
  });

  it('tells what took longer than everything as the last bound', () => {
    expect(quantileMs(countsOf([1e9]), 0.5)).toBe(convergenceBoundsMs.at(-1));
  });
});
