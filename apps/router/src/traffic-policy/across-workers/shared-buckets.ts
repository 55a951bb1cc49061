import { readWord, writeWord } from '../../directory/packed/word-access.js';
import { KeyedStates, type SlotHint } from '../limits/keyed-states.js';
import { roundingSlack } from '../limits/limit.js';
import { unitsPerMs, type Steady } from '../limits/steady.js';
import { clockAheadMs } from './common-clock.js';
import { hashOf } from './key-hash.js';
import { bucketsUsed, placeGroups, placesPerGroup, wordsPerBucket, wordsPerPlace, type PolicyMemory } from './policy-memory.js';

/** Of a bucket: the moment at which it will have drained, and when it was used last. */
const drained = 0;
const usedMinute = 1;
/** Of a place, behind its key of two words: one more than the number of its bucket; 0: whoever claims the place is about to write it. */
const bucketOf = 2;
const keyEvery = (wordsPerPlace * Int32Array.BYTES_PER_ELEMENT) / BigInt64Array.BYTES_PER_ELEMENT;

const minuteMs = 60_000;
/** Any bucket has drained by then (drainUnitsMax), and the units have not come round. */
const drainedMinutes = 120;

/** Of what this thread knows of a key: one more than the number of its bucket, 0 where that has to be found, and what it has paid in advance. */
const bucket = 0;
const paid = 1;
const noBucket = -1;
/** Nobody who asks again within this is looked up anew; what is forgotten is less than one unit of time. */
const knownMs = 60_000;
/** Not among the kinds of places, nor of breakers. */
const kindsFrom = 16;

/** Where a key's bucket is, and what this thread has paid for it; the next find() uses it again. */
export interface Found {
  word: number;
  numbers: Float64Array;
  at: number;
}

/**
 * Buckets from which all workers of a process draw. All that is to be known of one is the moment at which it will have drained, so that one
 * word holds it, and one compare-and-exchange moves it for each request that is let through. What always holds:
 * - B1 Over all workers, whatever the order of their steps, no more is let through in any time W than burst + perSecond × W: the moment moves
 *   on by no less than the time of each request that is let through, and never further ahead of now than a full bucket. What is rounded up is
 *   paid in advance, by the worker that did, and gone when the bucket has drained. It moves back by no more than the time of a request that was
 *   counted in the same turn of a worker's loop and refused for another reason: the bucket drained by what that turn took, microseconds, at most.
 * - B2 Nothing is locked or half done: a worker that ends anywhere has taken one or none.
 * - B3 A place is one key's as long as the process lives, and so is the bucket that it names. A key that finds none is told so, and is limited by
 *   shares (ADR 30); so is, for good, the one that a worker died of claiming.
 * - B4 While one worker knows of routers beside its process, or can't know yet, no worker draws from here.
 */
export class SharedBuckets {
  private readonly words: Int32Array;
  private readonly keys: BigInt64Array;
  private readonly places: Int32Array;
  private readonly company: Int32Array;
  private readonly known = new Map<number, KeyedStates>();
  private readonly found: Found = { word: 0, numbers: new Float64Array(0), at: 0 };

  constructor(
    private readonly memory: PolicyMemory,
    private readonly worker: number,
    private readonly aheadMs = clockAheadMs(),
  ) {
    this.words = new Int32Array(memory.buckets);
    this.keys = new BigInt64Array(memory.bucketPlaces);
    this.places = new Int32Array(memory.bucketPlaces);
    this.company = new Int32Array(memory.company);
    this.knowOthers(true);
  }

  /** Of all workers. Asked for each request: two plain reads. */
  get isAlone(): boolean {
    return readWord(this.company, 0) === 0 && readWord(this.company, 1) === 0;
  }

  /** Whether this worker knows of routers beside its process, or can't know yet. */
  knowOthers(knows: boolean): void {
    tellCompany(this.company, this.worker, knows);
  }

  /** `kind` says of what scope and which limit the key is. null: there is no place for it. `hint`: of the key, and of one kind at a time. */
  find(kind: number, key: string, nowMs: number, hint: SlotHint | null = null): Found | null {
    const known = this.knownOf(kind);
    const at = known.at(key, nowMs, hint);
    const { numbers } = known;
    if (numbers[at + bucket]! <= 0) {
      if (numbers[at + bucket] === 0) numbers[at + bucket] = this.bucketOf(kind, key);
      known.idleFrom(at, nowMs + knownMs);
      if (numbers[at + bucket]! <= 0) return null;
    }
    const { found } = this;
    found.word = (numbers[at + bucket]! - 1) * wordsPerBucket;
    found.numbers = numbers;
    found.at = at;
    return found;
  }

  /** Milliseconds until one more is within the bound; 0: now. Counts nothing. */
  waitMs(found: Found, { each, room }: Steady, nowMs: number): number {
    const over = this.ahead(found, this.now(nowMs)) + each - room;
    return over <= roundingSlack ? 0 : over / unitsPerMs;
  }

  /** Counts one. Milliseconds until what was before it has drained; null: others have taken the last room meanwhile. */
  take(found: Found, { each, room }: Steady, nowMs: number): number | null {
    const { word, numbers, at } = found;
    const now = this.now(nowMs);
    for (;;) {
      const before = Atomics.load(this.words, word + drained);
      const ahead = this.aheadOf(before, word, now);
      const credit = ahead === 0 ? 0 : numbers[at + paid]!;
      if (ahead - credit + each - room > roundingSlack) return null;
      const units = Math.max(0, Math.ceil(each - credit));
      const after = (Math.floor(now) + ahead + units) | 0;
      if (Atomics.compareExchange(this.words, word + drained, before, after) !== before) continue;
      numbers[at + paid] = credit + units - each;
      if (readWord(this.words, word + usedMinute) !== minuteOf(now)) writeWord(this.words, word + usedMinute, minuteOf(now));
      return ahead / unitsPerMs;
    }
  }

  /** Takes back what take() has counted in this turn of the loop, for a request that another bucket has refused. */
  giveBack({ word, numbers, at }: Found, { each }: Steady, nowMs: number): void {
    const now = this.now(nowMs);
    const owed = each + numbers[at + paid]!;
    const units = Math.floor(owed);
    for (;;) {
      const before = Atomics.load(this.words, word + drained);
      const ahead = this.aheadOf(before, word, now);
      // It has drained, and with it whatever was counted.
      if (ahead === 0) return;
      const after = (Math.floor(now) + Math.max(0, ahead - units)) | 0;
      if (Atomics.compareExchange(this.words, word + drained, before, after) === before) break;
    }
    numbers[at + paid] = owed - units;
  }

  /** How many more would pass now. */
  remaining(found: Found, { each, room }: Steady, nowMs: number): number {
    return Math.max(0, Math.floor((room - this.ahead(found, this.now(nowMs))) / each + roundingSlack));
  }

  /** Forgets where buckets are that nobody has asked this thread for. */
  sweep(steps: number, nowMs: number): void {
    for (const known of this.known.values()) known.sweep(steps, nowMs, false);
  }

  /** In units, on the common clock; its last 32 bits are what is kept. */
  private now(nowMs: number): number {
    return (nowMs + this.aheadMs) * unitsPerMs;
  }

  /** How far the moment is ahead, less what this thread has paid for. */
  private ahead({ word, numbers, at }: Found, now: number): number {
    const ahead = this.aheadOf(readWord(this.words, word + drained), word, now);
    return ahead === 0 ? 0 : ahead - numbers[at + paid]!;
  }

  private aheadOf(moment: number, word: number, now: number): number {
    const ahead = (moment - Math.floor(now)) | 0;
    return ahead <= 0 || ((minuteOf(now) - readWord(this.words, word + usedMinute)) | 0) > drainedMinutes ? 0 : ahead;
  }

  private knownOf(kind: number): KeyedStates {
    const known = this.known.get(kind);
    if (known) return known;
    const made = new KeyedStates(2);
    this.known.set(kind, made);
    return made;
  }

  /** Claims a place and a bucket for the key, or finds those that it has. One more than the bucket's number; 0: not yet. */
  private bucketOf(kind: number, key: string): number {
    const hash = hashOf(this.memory, kindsFrom + kind, key);
    if (!hash) return noBucket;
    const whole = (BigInt(hash.high) << 32n) | BigInt(hash.low >>> 0);
    const first = ((hash.low >>> 0) % placeGroups) * placesPerGroup;
    for (let place = first; place < first + placesPerGroup; place += 1) {
      const before = Atomics.compareExchange(this.keys, place * keyEvery, 0n, whole);
      const number = place * wordsPerPlace + bucketOf;
      // One after the other, so that those in use lie close together.
      if (before === 0n) Atomics.store(this.places, number, Atomics.add(this.company, bucketsUsed, 1) + 1);
      if (before === 0n || before === BigInt.asIntN(64, whole)) return Atomics.load(this.places, number);
    }
    return noBucket;
  }
}

const minuteOf = (now: number): number => Math.floor(now / (unitsPerMs * minuteMs)) | 0;

const tellCompany = (company: Int32Array, worker: number, hasCompany: boolean): void => {
  const bit = 1 << (worker & 31);
  if (hasCompany) Atomics.or(company, worker >>> 5, bit);
  else Atomics.and(company, worker >>> 5, ~bit);
};

/** A worker is gone: what it knew of others says nothing any more. */
export const freeCompanyOf = ({ company }: PolicyMemory, worker: number): void => tellCompany(new Int32Array(company), worker, false);
