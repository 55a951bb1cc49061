import { parentPort, workerData } from 'node:worker_threads';
import type { PolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';

export interface RaceStart {
  readonly memory: PolicyMemory;
  readonly worker: number;
  readonly max: number;
  readonly rounds: number;
  /** How many are inside now, counted by all, and the most that ever were. */
  readonly inside: SharedArrayBuffer;
}

export interface RaceEnd {
  readonly entered: number;
}

/** For tests: a thread that takes and gives back as fast as it can, and counts beside it who is inside. */
const { memory, worker, max, rounds, inside } = workerData as RaceStart;
const place = sharedState(memory, worker).place('stamp', 'eu-1');
const counts = new Int32Array(inside);
/**
 * Threads that get a core one after the other meet nobody in their rounds, or find all places taken by two that don't run:
 * each goes on until two have met and it was inside itself.
 */
const meetMsMax = 30_000;
const endMs = performance.now() + meetMsMax;
let entered = 0;
const hasRaced = (): boolean => (entered > 0 && Atomics.load(counts, 1) > 1) || performance.now() >= endMs;
for (let i = 0; i < rounds || !hasRaced(); i += 1) {
  if (!place.enter(max)) continue;
  entered += 1;
  const now = Atomics.add(counts, 0, 1) + 1;
  for (let most = Atomics.load(counts, 1); now > most;) {
    const before = Atomics.compareExchange(counts, 1, most, now);
    if (before === most) break;
    most = before;
  }
  Atomics.sub(counts, 0, 1);
  place.leave();
}
parentPort!.postMessage({ entered } satisfies RaceEnd);
