export interface Hitter<T> {
  readonly key: string;
  /** Never below the true count, and above it by at most `error`. */
  readonly count: number;
  readonly error: number;
  readonly value: T;
}

interface Entry<T> {
  key: string;
  hash: number;
  /** Of the same bucket. */
  next: Entry<T> | null;
  count: number;
  error: number;
  value: T;
  heapAt: number;
}

/** Drawn once, so that nobody can choose names that meet. */
const seed = Math.floor(Math.random() * 2 ** 32) | 0;

/** FNV-1a, its bits mixed at the end: buckets are chosen by the lowest. Names are short. */
const hashOf = (key: string): number => {
  let hash = seed;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
};

/**
 * The keys that come most often, in fixed memory (Metwally, Agrawal, El Abbadi: space-saving, 2005): a new key takes the
 * place, and the count, of the rarest. Every key that makes up more than 1/size of all is in it. `value` says what
 * else is noted of a key, from when it came in on.
 *
 * Its table is its own: a Map in which keys come and go is made anew each few hundred of them, and V8 lets each of those tables lead to the next, so that all of them
 * grow old and are found dead by full collections only, every few seconds under load.
 */
export class HeavyHitters<T> {
  private readonly buckets: (Entry<T> | null)[];
  private readonly mask: number;
  /** Binary heap by count, the rarest first. */
  private readonly heap: Entry<T>[] = [];

  constructor(
    private readonly size: number,
    private readonly fresh: () => T,
    private readonly reset: (value: T) => void,
  ) {
    const buckets = 2 ** Math.ceil(Math.log2(2 * size));
    this.buckets = Array.from({ length: buckets }, () => null);
    this.mask = buckets - 1;
  }

  /** The key's value. */
  hit(key: string): T {
    const hash = hashOf(key);
    for (let known: Entry<T> | null = this.buckets[hash & this.mask]!; known !== null; known = known.next) {
      if (known.hash !== hash || known.key !== key) continue;
      known.count += 1;
      this.sink(known.heapAt);
      return known.value;
    }
    if (this.heap.length < this.size) {
      const entry: Entry<T> = { key, hash, next: null, count: 1, error: 0, value: this.fresh(), heapAt: this.heap.length };
      this.add(entry);
      this.heap.push(entry);
      this.rise(entry.heapAt);
      return entry.value;
    }
    const rarest = this.heap[0]!;
    this.remove(rarest);
    rarest.key = key;
    rarest.hash = hash;
    rarest.error = rarest.count;
    rarest.count += 1;
    this.reset(rarest.value);
    this.add(rarest);
    this.sink(0);
    return rarest.value;
  }

  top(count: number): Hitter<T>[] {
    return [...this.heap].sort((a, b) => b.count - a.count).slice(0, count);
  }

  clear(): void {
    this.buckets.fill(null);
    this.heap.length = 0;
  }

  private add(entry: Entry<T>): void {
    const bucket = entry.hash & this.mask;
    entry.next = this.buckets[bucket]!;
    this.buckets[bucket] = entry;
  }

  private remove(entry: Entry<T>): void {
    const bucket = entry.hash & this.mask;
    let at = this.buckets[bucket]!;
    if (at === entry) this.buckets[bucket] = entry.next;
    else {
      while (at!.next !== entry) at = at!.next!;
      at!.next = entry.next;
    }
  }

  private rise(at: number): void {
    for (let i = at; i > 0;) {
      const parent = (i - 1) >> 1;
      if (this.heap[parent]!.count <= this.heap[i]!.count) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private sink(at: number): void {
    for (let i = at; ;) {
      const { heap } = this;
      let least = i;
      // Written out: this runs for every request.
      const left = 2 * i + 1;
      if (left < heap.length && heap[left]!.count < heap[least]!.count) least = left;
      if (left + 1 < heap.length && heap[left + 1]!.count < heap[least]!.count) least = left + 1;
      if (least === i) return;
      this.swap(i, least);
      i = least;
    }
  }

  private swap(a: number, b: number): void {
    // Not by a pattern: it made four hundred bytes of arrays for each request.
    const x = this.heap[a]!;
    const y = this.heap[b]!;
    this.heap[a] = y;
    this.heap[b] = x;
    y.heapAt = a;
    x.heapAt = b;
  }
}
