import { OwnCells, SharedCells, type BreakerCells } from './breaker-cells.js';
import { OwnPlace, type Place, type PlaceKind } from './place.js';
import type { PolicyMemory } from './policy-memory.js';
import { SharedBuckets } from './shared-buckets.js';
import { SharedPlaces } from './shared-places.js';

/**
 * Where the traffic policy keeps what all workers of a process must agree on. What always holds:
 * - L1 Over all workers together no key ever has more places taken than the bound that each of them asks with.
 * - L2 A place is given back by the worker that took it, or by the pool when that worker is gone: none is lost for good.
 * - L3 A front door's breaker has one state in all workers, and at most one probe is under way in all of them.
 * - L4 A front door's health is looked at by one worker at a time, and what is found, and an ejection, holds in all.
 * - L5 A stamp's limit, as its health has it, is one in all workers: none is held to a lower one than the others, whose requests would keep it from ever hearing better.
 *
 * | What                                            | Kept                          | By whom written                        |
 * | ----------------------------------------------- | ----------------------------- | -------------------------------------- |
 * | places: stamps, tenants, doors, queues, tunnels | shared: a count per worker    | its worker; the pool when that is gone |
 * | state, rest, probe, failures on end of breakers | shared: one cell per door     | any worker, by compare-and-exchange    |
 * | a door's health, when it is checked, ejections  | shared: the same cell         | any worker, by compare-and-exchange    |
 * | token and leaky buckets, while no other router  | shared: a moment per key      | any worker, by compare-and-exchange    |
 * | is known (B1–B4, shared-buckets.ts)             |                               |                                        |
 * | other limits of the document, and these else    | shares of each (ADR 30)       | each worker its own                    |
 * | limit that follows a stamp's health             | shared: a cell per stamp      | who claims a round's end, for all      |
 * | door's usual time, half of 20 attempts          | each its own, judged by its   | –                                      |
 * |                                                 | own answers; what follows is  |                                        |
 * |                                                 | shared                        |                                        |
 * | retry budget                                    | each its part (1 of N)        | –                                      |
 * | who waits in a queue                            | each its own, tried in turn   | –                                      |
 */
export interface PolicyState {
  /** That keep their places together, ourselves included. */
  readonly workers: number;
  readonly cells: BreakerCells;
  /** null: nobody to share them with. */
  readonly buckets: SharedBuckets | null;
  place(kind: PlaceKind, key: string): Place;
}

/** Of a process with one thread that takes requests. */
export const ownState = (): PolicyState => ({ workers: 1, cells: new OwnCells(), buckets: null, place: () => new OwnPlace() });

/** `worker`: 0 … workers − 1; nobody else may have the same while this one lives. */
export const sharedState = (memory: PolicyMemory, worker: number): PolicyState => {
  const places = new SharedPlaces(memory, worker);
  return {
    workers: memory.workers,
    cells: new SharedCells(memory, worker),
    buckets: new SharedBuckets(memory, worker),
    place: (kind, key) => places.place(kind, key),
  };
};
