import { parentPort, workerData } from 'node:worker_threads';
import { steadyOf } from '../limits/steady.js';
import type { PolicyMemory } from './policy-memory.js';
import { SharedBuckets } from './shared-buckets.js';

export interface BucketRaceStart {
  readonly memory: PolicyMemory;
  readonly worker: number;
  readonly perSecond: number;
  readonly burst: number;
  readonly forMs: number;
}

/** On the clock that all threads have. */
export interface BucketRaceEnd {
  readonly taken: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** For tests: a thread that takes from one bucket as fast as it can. */
const { memory, worker, perSecond, burst, forMs } = workerData as BucketRaceStart;
const buckets = new SharedBuckets(memory, worker);
const steady = steadyOf(perSecond, burst, false)!;
const nsPerMs = 1e6;
const aheadMs = Number(process.hrtime.bigint()) / nsPerMs - performance.now();
const beganMs = performance.now();
let [taken, firstMs, lastMs] = [0, 0, 0];
for (let nowMs = beganMs; nowMs - beganMs < forMs; nowMs = performance.now()) {
  if (buckets.take(buckets.find(0, 'acme', nowMs)!, steady, nowMs) === null) continue;
  if (taken === 0) firstMs = nowMs + aheadMs;
  lastMs = nowMs + aheadMs;
  taken += 1;
}
parentPort!.postMessage({ taken, firstMs, lastMs } satisfies BucketRaceEnd);
