import fc from 'fast-check';
import { steadyOf, type Steady } from '../limits/steady.js';
import { createPolicyMemory, placeGroups, placesPerGroup, wordsPerPlace } from './policy-memory.js';
import { freeCompanyOf, SharedBuckets } from './shared-buckets.js';

const kind = 0;
/** With one clock: how well threads find theirs out is bucket-race.int.spec.ts. */
const workersOf = (workers: number): SharedBuckets[] => {
  const memory = createPolicyMemory(workers);
  return Array.from({ length: workers }, (_, i) => new SharedBuckets(memory, i, 0));
};
const steady = (perSecond: number, burst: number): Steady => steadyOf(perSecond, burst, false)!;
const take = (buckets: SharedBuckets, of: Steady, nowMs: number, key = 'acme'): boolean =>
  buckets.take(buckets.find(kind, key, nowMs)!, of, nowMs) !== null;
const giveBack = (buckets: SharedBuckets, of: Steady, nowMs: number, key = 'acme'): void =>
  buckets.giveBack(buckets.find(kind, key, nowMs)!, of, nowMs);
const waitMs = (buckets: SharedBuckets, of: Steady, nowMs: number): number => buckets.waitMs(buckets.find(kind, 'acme', nowMs)!, of, nowMs);
const remaining = (buckets: SharedBuckets, of: Steady, nowMs: number): number =>
  buckets.remaining(buckets.find(kind, 'acme', nowMs)!, of, nowMs);
const hourMs = 3_600_000;

describe('a bucket that workers draw from together', () => {
  it('never lets more through than its bound over any time, whoever asks, and what it refuses it refuses for want of room (B1)', () => {
    const step = fc.record({
      worker: fc.nat(2),
      gapMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 30, noNaN: true }), fc.double({ min: 0, max: 3_000, noNaN: true })),
      /** Another bucket refuses it. */
      isRefusedElsewhere: fc.boolean(),
    });
    const rate = fc.oneof(fc.double({ min: 0.5, max: 200, noNaN: true }), fc.double({ min: 5_000, max: 1_000_000, noNaN: true }));
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 40 }), fc.array(step, { minLength: 1, maxLength: 200 }), (perSecond, burst, steps) => {
        const workers = workersOf(3);
        const of = steady(perSecond, burst);
        const out: number[] = [];
        let nowMs = performance.now();
        let spent = 0;
        for (const { worker, gapMs, isRefusedElsewhere } of steps) {
          nowMs += gapMs;
          spent = Math.max(0, spent - (gapMs * perSecond) / 1000);
          const waits = waitMs(workers[worker]!, of, nowMs);
          const taken = take(workers[worker]!, of, nowMs);
          expect(taken).toBe(waits === 0);
          // Each worker may have paid one unit of time in advance, a 64th of a millisecond.
          if (!taken) expect(spent + 1 + (3 / 64 / 1000) * perSecond).toBeGreaterThan(burst - 1e-3);
          if (!taken) continue;
          if (isRefusedElsewhere) {
            giveBack(workers[worker]!, of, nowMs);
            continue;
          }
          spent += 1;
          out.push(nowMs);
        }
        for (let i = 0; i < out.length; i += 1)
          for (let j = i; j < out.length; j += 1)
            expect(j - i + 1).toBeLessThanOrEqual(burst + ((out[j]! - out[i]! + 2 / 64) * perSecond) / 1000 + 1e-3);
      }),
      { numRuns: 100 },
    );
  });

  it.each([7, 333, 1_000, 9_999])('lets a whole burst through at once at %d a second, then one at a time', (perSecond) => {
    const [one] = workersOf(1) as [SharedBuckets];
    const of = steady(perSecond, 5);
    const now = performance.now();
    expect(Array.from({ length: 6 }, () => take(one, of, now))).toEqual([true, true, true, true, true, false]);
    expect(remaining(one, of, now)).toBe(0);
    const later = now + waitMs(one, of, now) + 1;
    expect(take(one, of, later)).toBe(true);
    expect(remaining(one, of, now + hourMs)).toBe(5);
  });

  it.each([0.5, 7, 333, 9_999, 100_000])('has the room that it had when one is given back, to all, at %d a second', (perSecond) => {
    const [one, two] = workersOf(2) as [SharedBuckets, SharedBuckets];
    const of = steady(perSecond, 5);
    const now = performance.now();
    for (let i = 0; i < 3; i += 1) take(one, of, now);
    for (let i = 0; i < 1_000; i += 1) {
      expect(take(one, of, now)).toBe(true);
      giveBack(one, of, now);
    }
    expect(remaining(one, of, now)).toBe(2);
    // Worker one may have paid one unit of time in advance.
    expect(waitMs(two, of, now)).toBeLessThanOrEqual(1 / 64);
    expect([take(one, of, now), take(one, of, now), take(one, of, now)]).toEqual([true, true, false]);
  });

  it('is full again however long nobody came, also when the units of its clock have come round', () => {
    const [one] = workersOf(1) as [SharedBuckets];
    const of = steady(1, 10);
    const now = performance.now();
    for (let i = 0; i < 10; i += 1) take(one, of, now);
    for (const laterMs of [11_000, 3 * hourMs, 18.64 * hourMs, 18.641 * hourMs, 40 * hourMs])
      expect(remaining(one, of, now + laterMs)).toBe(10);
    const roundMs = 2 ** 32 / 64;
    for (let ms = -20_000; ms <= 0; ms += 500) expect(remaining(one, of, now + roundMs + ms)).toBe(10);
  });

  it('goes on from what was used when the limit changes', () => {
    const [one, two] = workersOf(2) as [SharedBuckets, SharedBuckets];
    const now = performance.now();
    for (let i = 0; i < 10; i += 1) take(one, steady(10, 10), now);
    expect(remaining(two, steady(10, 20), now)).toBe(10);
    expect(take(two, steady(10, 5), now)).toBe(false);
  });

  it('tells who has no place, and of two kinds or keys neither takes from the other (B3)', () => {
    const memory = createPolicyMemory(1);
    const one = new SharedBuckets(memory, 0);
    const of = steady(1, 1);
    const now = performance.now();
    expect([take(one, of, now, 'a'), take(one, of, now, 'b'), take(one, of, now, 'a')]).toEqual([true, true, false]);
    expect(one.take(one.find(kind + 1, 'a', now)!, of, now)).not.toBeNull();
    const keys = new BigInt64Array(memory.bucketPlaces);
    const every = (wordsPerPlace * Int32Array.BYTES_PER_ELEMENT) / BigInt64Array.BYTES_PER_ELEMENT;
    for (let slot = 0; slot < placeGroups * placesPerGroup; slot += 1) if (keys[slot * every] === 0n) keys[slot * every] = -1n;
    expect(one.find(kind, 'c', now)).toBeNull();
    expect(take(one, of, now + 2_000, 'a')).toBe(true);
  });

  it('is drawn from only while no worker knows of other routers, and one that is gone knows of none (B4)', () => {
    const memory = createPolicyMemory(40);
    const workers = Array.from({ length: 40 }, (_, i) => new SharedBuckets(memory, i));
    expect(workers[0]!.isAlone).toBe(false);
    for (const worker of workers.slice(0, 39)) worker.knowOthers(false);
    expect(workers[3]!.isAlone).toBe(false);
    freeCompanyOf(memory, 39);
    expect(workers[3]!.isAlone).toBe(true);
    workers[31]!.knowOthers(true);
    expect(workers[39]!.isAlone).toBe(false);
  });
});
