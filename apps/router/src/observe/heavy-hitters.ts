export interface Hitter<T> {
  readonly key: string;
  /** Never below the true count, and above it by at most `error`. */
  readonly count: number;
  readonly error: number;
  readonly value: T;
}

interface Entry<T> {
  key: string;
  count: number;
  error: number;
  value: T;
  heapAt: number;
}

/**
 * The keys that come most often, in fixed memory (Metwally, Agrawal, El Abbadi: space-saving, 2005): a new key takes the
 * place, and the count, of the rarest. Every key that makes up more than 1/size of all is in it. `value` says what
 * else is noted of a key, from when it came in on.
 */
export class HeavyHitters<T> {
  private readonly entries = new Map<string, Entry<T>>();
  /** Binary heap by count, the rarest first. */
  private readonly heap: Entry<T>[] = [];

  constructor(
    private readonly size: number,
    private readonly fresh: () => T,
    private readonly reset: (value: T) => void,
  ) {}

  /** The key's value. */
  hit(key: string): T {
    const known = this.entries.get(key);
    if (known) {
      known.count += 1;
      this.sink(known.heapAt);
      return known.value;
    }
    if (this.heap.length < this.size) {
      const entry = { key, count: 1, error: 0, value: this.fresh(), heapAt: this.heap.length };
      this.entries.set(key, entry);
      this.heap.push(entry);
      this.rise(entry.heapAt);
      return entry.value;
    }
    const rarest = this.heap[0]!;
    this.entries.delete(rarest.key);
    rarest.key = key;
    rarest.error = rarest.count;
    rarest.count += 1;
    this.reset(rarest.value);
    this.entries.set(key, rarest);
    this.sink(0);
    return rarest.value;
  }

  top(count: number): Hitter<T>[] {
    return [...this.heap].sort((a, b) => b.count - a.count).slice(0, count);
  }

  clear(): void {
    this.entries.clear();
    this.heap.length = 0;
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
    const [x, y] = [this.heap[a]!, this.heap[b]!];
    this.heap[a] = y;
    this.heap[b] = x;
    y.heapAt = a;
    x.heapAt = b;
  }
}
