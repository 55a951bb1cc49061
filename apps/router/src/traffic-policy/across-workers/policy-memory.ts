import { randomBytes } from 'node:crypto';
import { newId } from '@lapidary/kernel/ids';

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

/** Keys of limits that workers share in the life of a process: with half a million, two in a hundred find no place. Memory that is not used is not taken. */
export const placesPerGroup = 8;
export const placeGroups = 2 ** 17;
/** Key (64 bits), then the fields of shared-buckets.ts, and room for one. */
export const wordsPerPlace = 4;
export const wordsPerBucket = 2;
/** Two words with a bit for each worker, and how many buckets are in use. */
export const bucketsUsed = 2;
const companyWords = 3;

/** What the main thread makes and hands to each worker. */
export interface PolicyMemory {
  readonly workers: number;
  /** One table for each worker, which alone writes there while it lives. */
  readonly places: SharedArrayBuffer;
  readonly breakers: SharedArrayBuffer;
  /** Where the bucket of a key is. */
  readonly bucketPlaces: SharedArrayBuffer;
  readonly buckets: SharedArrayBuffer;
  /** Which workers know of other routers. */
  readonly company: SharedArrayBuffer;
  /** Names the workers of this process among all routers. */
  readonly family: string;
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
    bucketPlaces: new SharedArrayBuffer(placeGroups * placesPerGroup * wordsPerPlace * Int32Array.BYTES_PER_ELEMENT),
    buckets: new SharedArrayBuffer(placeGroups * placesPerGroup * wordsPerBucket * Int32Array.BYTES_PER_ELEMENT),
    company: new SharedArrayBuffer(companyWords * Int32Array.BYTES_PER_ELEMENT),
    family: newId(),
    seed: [word(0), word(1), word(2), word(3)],
  };
};

export const tableOf = ({ places }: PolicyMemory, worker: number): Int32Array =>
  new Int32Array(places, worker * wordsPerTable * Int32Array.BYTES_PER_ELEMENT, wordsPerTable);
