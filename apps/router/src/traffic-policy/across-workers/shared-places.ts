import { readWord } from '../../directory/packed/word-access.js';
import { hashOf, type KeyHash } from './key-hash.js';
import { OwnPlace, type Place, type PlaceKind } from './place.js';
import { buckets, tableOf, waysPerBucket, wordsPerSlot, type PolicyMemory } from './policy-memory.js';

const kinds: Readonly<Record<PlaceKind, number>> = {
  stamp: 1,
  queue: 2,
  tenant: 3,
  door: 4,
  // 5 and 6: breaker-cells.ts.
  stamp_tunnels: 7,
  tenant_tunnels: 8,
};
const high = 1;
const count = 2;

/**
 * Counts of places in memory that workers share: a table for each worker, written by it alone and read by all, so that nothing is
 * locked and a worker that dies anywhere leaves nothing half done that others would read.
 */
export class SharedPlaces {
  readonly own: Int32Array;
  readonly others: readonly Int32Array[];

  constructor(
    readonly memory: PolicyMemory,
    worker: number,
  ) {
    const tables = Array.from({ length: memory.workers }, (_, i) => tableOf(memory, i));
    this.own = tables[worker]!;
    this.others = tables.filter((_, i) => i !== worker);
  }

  place(kind: PlaceKind, key: string): Place {
    const hash = hashOf(this.memory, kinds[kind], key);
    return hash ? new SharedPlace(this, hash) : new PartOfPlaces(this.memory.workers);
  }
}

/** A worker is gone: what it had taken is free. Nobody may be writing to its table any more. */
export const freePlacesOf = (memory: PolicyMemory, worker: number): void => void tableOf(memory, worker).fill(0);

/** For a key that can't be counted together: each worker may have its part. */
class PartOfPlaces extends OwnPlace {
  constructor(private readonly workers: number) {
    super();
  }

  override enter(max: number): boolean {
    return super.enter(Math.max(1, Math.floor(max / this.workers)));
  }
}

class SharedPlace implements Place {
  private readonly bucket: number;
  /** Those that found no slot, for the bucket was full of other keys. */
  private readonly beside: PartOfPlaces;
  /** Where our count is, while it is not 0. */
  private at = -1;

  constructor(
    private readonly places: SharedPlaces,
    private readonly key: KeyHash,
  ) {
    this.bucket = ((key.low >>> 0) % buckets) * waysPerBucket * wordsPerSlot;
    this.beside = new PartOfPlaces(places.memory.workers);
  }

  get ours(): number {
    return this.beside.ours + (this.at < 0 ? 0 : readWord(this.places.own, this.at + count));
  }

  get taken(): number {
    return this.ours + this.takenByOthers();
  }

  /**
   * Counts itself first and looks then: of two workers that take the last place at once the later one sees the former (sequential
   * consistency: the count goes through Atomics, which nothing is moved across, and the looks behind it through readWord), and both may give way, but never do both
   * stay (L1).
   */
  enter(max: number): boolean {
    const { own } = this.places;
    if (this.at < 0) this.at = this.slot();
    if (this.at < 0) return this.beside.enter(max);
    Atomics.add(own, this.at + count, 1);
    if (this.taken <= max) return true;
    this.giveBack();
    return false;
  }

  leave(): void {
    if (this.beside.ours > 0) this.beside.leave();
    else if (this.at >= 0) this.giveBack();
  }

  private giveBack(): void {
    // With 0 the slot may be another key's from now on.
    if (Atomics.sub(this.places.own, this.at + count, 1) === 1) this.at = -1;
  }

  private takenByOthers(): number {
    const { others } = this.places;
    let sum = 0;
    for (let i = 0; i < others.length; i += 1) {
      const table = others[i]!;
      const at = this.find(table);
      if (at >= 0) sum += readWord(table, at + count);
    }
    return sum;
  }

  private find(table: Int32Array): number {
    for (let way = 0; way < waysPerBucket; way += 1) {
      const at = this.bucket + way * wordsPerSlot;
      if (readWord(table, at) === this.key.low && table[at + high] === this.key.high) return at;
    }
    return -1;
  }

  /** A slot of our own table with this key in it; −1: all are in use. */
  private slot(): number {
    const { own } = this.places;
    const known = this.find(own);
    if (known >= 0) return known;
    for (let way = 0; way < waysPerBucket; way += 1) {
      const at = this.bucket + way * wordsPerSlot;
      if (readWord(own, at + count) !== 0) continue;
      own[at + high] = this.key.high;
      Atomics.store(own, at, this.key.low);
      return at;
    }
    return -1;
  }
}
