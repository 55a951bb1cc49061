import fc from 'fast-check';
import { floorOf, Rhythm } from './phi-accrual.js';

const intervalMs = 1_000;
const floor = floorOf(intervalMs);
const after = (gaps: readonly number[]): Rhythm => {
  const rhythm = new Rhythm(intervalMs);
  let at = 0;
  rhythm.heard(at);
  for (const gap of gaps) rhythm.heard((at += gap));
  return rhythm;
};
const repeated = (pattern: readonly number[], times: number): number[] => Array.from({ length: times }, () => pattern).flat();

describe('how long a stamp may be silent (P-HB2)', () => {
  it('is the floor for one that beats like a clock, and for one that nobody knows yet', () => {
    expect(after([]).limits).toEqual(floor);
    expect(after(repeated([1_000, 1_010, 990], 50)).limits).toEqual(floor);
    expect(after(repeated([3_000], 9)).limits).toEqual(floor);
  });

  it('is longer for one whose beats come irregularly, so that its habit is no alarm', () => {
    const { suspectedMs } = after(repeated([500, 500, 500, 3_000], 30)).limits;
    expect(suspectedMs).toBeGreaterThan(floor.suspectedMs + 1_000);
  });

  it('is never below the floor, never above three times it, and dead comes after suspected', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 120_000 }), { maxLength: 400 }), (gaps) => {
        const { suspectedMs, deadMs } = after(gaps).limits;
        expect(suspectedMs).toBeGreaterThanOrEqual(floor.suspectedMs);
        expect(suspectedMs).toBeLessThanOrEqual(3 * floor.suspectedMs);
        expect(deadMs).toBeGreaterThanOrEqual(floor.deadMs);
        expect(deadMs).toBeLessThanOrEqual(3 * floor.deadMs);
        expect(deadMs).toBeGreaterThan(suspectedMs);
      }),
    );
  });

  it('is not stretched by an outage: a silence that was taken for death is no habit', () => {
    const regular = repeated([1_000], 100);
    expect(after([...regular, 600_000, ...repeated([1_000], 10)]).limits).toEqual(floor);
  });

  it('forgets: a stamp that has been regular again for its last 200 beats is judged like one', () => {
    expect(after([...repeated([200, 4_000], 100), ...repeated([1_000], 200)]).limits).toEqual(floor);
  });

  it('does not take the monitor’s own absence for a gap, nor one beat for two', () => {
    const rhythm = after(repeated([1_000], 20));
    rhythm.interrupted();
    rhythm.heard(90_000);
    for (let i = 0; i < 50; i++) rhythm.heard(90_000);
    expect(rhythm.limits).toEqual(floor);
  });
});
