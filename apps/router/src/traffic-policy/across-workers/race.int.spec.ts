import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';
import type { RaceEnd, RaceStart } from './race.fixture.js';
import { freePlacesOf } from './shared-places.js';

/** The built twin of the fixture: threads load no TypeScript. */
const racerFile = new URL('../../../dist/traffic-policy/across-workers/race.fixture.js', import.meta.url);
const workers = 4;
const max = 2;
const rounds = 200_000;

const race = (memory: ReturnType<typeof createPolicyMemory>, inside: SharedArrayBuffer): Worker[] =>
  Array.from({ length: workers }, (_, worker) => {
    const workerData: RaceStart = { memory, worker, max, rounds, inside };
    return new Worker(racerFile, { workerData });
  });

it('threads that take and give back as fast as they can are never more inside than there are places (L1), and none is lost', async () => {
  const memory = createPolicyMemory(workers);
  const inside = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const ends = await Promise.all(race(memory, inside).map((thread) => once(thread, 'message') as Promise<[RaceEnd]>));
  for (const [{ entered }] of ends) expect(entered).toBeGreaterThan(0);
  const [now, most] = new Int32Array(inside);
  expect(now).toBe(0);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(max);
  expect(sharedState(memory, 0).place('stamp', 'eu-1').taken).toBe(0);
});

it('threads that are ended anywhere leave nothing behind once their tables are freed (L2)', async () => {
  const memory = createPolicyMemory(workers);
  const inside = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const threads = race(memory, inside);
  await Promise.all(threads.map((thread) => once(thread, 'online')));
  const counts = new Int32Array(inside);
  while (Atomics.load(counts, 1) === 0) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(threads.map((thread) => thread.terminate()));
  for (let i = 0; i < workers; i += 1) freePlacesOf(memory, i);
  const place = sharedState(memory, 1).place('stamp', 'eu-1');
  expect([place.taken, place.enter(max), place.enter(max), place.enter(max)]).toEqual([0, true, true, false]);
});
