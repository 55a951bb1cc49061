import { randomBytes } from 'node:crypto';

/** A key with places taken has one of so many slots of its bucket: a line of memory or two to look at. */
export const waysPerBucket = 8;
/** Times 8: some thousand keys under way in one worker fill a third of it, and 200 kB each. */
export const buckets = 2048;
/** Two words of key, and how many are taken. */
export const wordsPerSlot = 3;
export const wordsPerTable = buckets * waysPerBucket * wordsPerSlot;

/** Front doors in the life of a process; one that finds no cell has a breaker in each worker. A power of two. */
export const breakerCells = 8192;
/** Key (64 bits), then the fields of breaker-cells.ts, and room for a few more: a line of memory. */
export const wordsPerCell = 16;

/** What the main thread makes and hands to each worker. */
export interface PolicyMemory {
  readonly workers: number;
  /** One table for each worker, which alone writes there while it lives. */
  readonly places: SharedArrayBuffer;
  readonly breakers: SharedArrayBuffer;
  /** Of the hash, so that nobody can choose names that meet. */
  readonly seed: readonly [number, number, number, number];
}

export const createPolicyMemory = (workers: number): PolicyMemory => {
  const random = randomBytes(16);
  const word = (i: number): number => random.readInt32LE(i * Int32Array.BYTES_PER_ELEMENT);
  return {
    workers,
    places: new SharedArrayBuffer(workers * wordsPerTable * Int32Array.BYTES_PER_ELEMENT),
    breakers: new SharedArrayBuffer(breakerCells * wordsPerCell * Int32Array.BYTES_PER_ELEMENT),
    seed: [word(0), word(1), word(2), word(3)],
  };
};

export const tableOf = ({ places }: PolicyMemory, worker: number): Int32Array =>
  new Int32Array(places, worker * wordsPerTable * Int32Array.BYTES_PER_ELEMENT, wordsPerTable);
