interface Entry<T> {
  readonly host: string;
  readonly hash: number;
  /** Of the same bucket. */
  next: Entry<T> | null;
  value: T;
}

/** Whose table is asked: so that no text of the host has to be made to ask. */
export interface AskedHost {
  /** hostHash of the host's bytes. */
  readonly hostHash: number;
  isHost(host: string): boolean;
}

/** Drawn once, so that nobody can choose names that meet. */
const seed = Math.floor(Math.random() * 2 ** 32) | 0;

/** FNV-1a of bytes[from … to), its bits mixed at the end: buckets are chosen by the lowest. */
export const hostHash = (bytes: Uint8Array, from: number, to: number): number => {
  let hash = seed;
  for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
};

const firstBuckets = 256;

/**
 * What is known of hosts, by host and its hash. A Map would make a hash of each request's host anew, since each comes as a new text: that, and its way through the
 * Map's table, took twice as long as this does.
 */
export class HostTable<T> {
  private buckets: (Entry<T> | null)[] = Array.from({ length: firstBuckets }, () => null);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(asked: AskedHost): T | undefined {
    return this.find(asked)?.value;
  }

  set(host: string, asked: AskedHost, value: T): void {
    const known = this.find(asked);
    if (known !== null) {
      known.value = value;
      return;
    }
    if (this.count >= this.buckets.length) this.grow();
    this.count += 1;
    this.put({ host, hash: asked.hostHash, next: null, value });
  }

  clear(): void {
    this.buckets = Array.from({ length: firstBuckets }, () => null);
    this.count = 0;
  }

  private find(asked: AskedHost): Entry<T> | null {
    const { hostHash: hash } = asked;
    for (let at: Entry<T> | null = this.buckets[hash & (this.buckets.length - 1)]!; at !== null; at = at.next)
      if (at.hash === hash && asked.isHost(at.host)) return at;
    return null;
  }

  private grow(): void {
    const before = this.buckets;
    this.buckets = Array.from({ length: 2 * before.length }, () => null);
    for (const first of before)
      for (let at = first; at !== null;) {
        const { next }: Entry<T> = at;
        this.put(at);
        at = next;
      }
  }

  private put(entry: Entry<T>): void {
    const bucket = entry.hash & (this.buckets.length - 1);
    entry.next = this.buckets[bucket]!;
    this.buckets[bucket] = entry;
  }
}
