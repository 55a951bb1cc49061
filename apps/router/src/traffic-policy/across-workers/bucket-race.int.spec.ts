import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { steadyOf } from '../limits/steady.js';
import type { BucketRaceEnd, BucketRaceStart } from './bucket-race.fixture.js';
import { clockAheadMs } from './common-clock.js';
import { createPolicyMemory, type PolicyMemory } from './policy-memory.js';
import { SharedBuckets } from './shared-buckets.js';

/** The built twin of the fixture: threads load no TypeScript. */
const racerFile = new URL('../../../dist/traffic-policy/across-workers/bucket-race.fixture.js', import.meta.url);
const workers = 4;
const forMs = 2_000;
/** Room for a minute, in which threads may start or stand still: what a bucket has no room for is lost to all. */
const perSecond = 20_000;
const burst = 1_200_000;

const steady = steadyOf(perSecond, burst, false)!;

const race = (memory: PolicyMemory): Worker[] =>
  Array.from({ length: workers }, (_, worker) => {
    const workerData: BucketRaceStart = { memory, worker, perSecond, burst, forMs };
    return new Worker(racerFile, { workerData });
  });

it('threads that take from one bucket as fast as they can have together what one would have: no more (B1), and 99 in 100 of it', async () => {
  const memory = createPolicyMemory(workers);
  const buckets = new SharedBuckets(memory, 0);
  const found = (nowMs: number) => buckets.find(0, 'acme', nowMs)!;
  // Empty from here on: what comes is what drains.
  const beganMs = performance.now();
  buckets.take(found(beganMs), { ...steady, each: steady.room }, beganMs);
  const ends = await Promise.all(race(memory).map((thread) => once(thread, 'message') as Promise<[BucketRaceEnd]>));
  const taken = ends.reduce((sum, [end]) => sum + end.taken, 0);
  const lastMs = Math.max(...ends.map(([end]) => end.lastMs)) - clockAheadMs();
  // Where all stood still before the last one took.
  const left = buckets.remaining(found(lastMs), steady, lastMs);
  const most = (perSecond * (lastMs - beganMs)) / 1000;
  // The clocks of two threads are read one after the other: a millisecond between them.
  expect(taken).toBeLessThanOrEqual(most + perSecond / 1000);
  expect(taken + left).toBeGreaterThanOrEqual(0.99 * most);
  expect(ends.filter(([end]) => end.taken > 0).length).toBeGreaterThan(1);
});

it('threads that are ended anywhere leave a bucket that drains as it should (B2)', async () => {
  const memory = createPolicyMemory(workers);
  const threads = race(memory);
  const buckets = new SharedBuckets(memory, 0);
  const left = (nowMs = performance.now()): number => buckets.remaining(buckets.find(0, 'acme', nowMs)!, steady, nowMs);
  while (left() > burst - perSecond) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(threads.map((thread) => thread.terminate()));
  const beganMs = performance.now();
  const before = left(beganMs);
  // One is as good as any later moment: it drains by the clock alone.
  for (const laterMs of [10, 500, 30_000]) {
    const drained = Math.min(burst, before + (laterMs * perSecond) / 1000);
    expect(Math.abs(left(beganMs + laterMs) - drained)).toBeLessThanOrEqual(2);
  }
  expect(left(beganMs + 60_001)).toBe(burst);
});
