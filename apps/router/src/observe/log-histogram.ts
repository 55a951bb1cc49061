/** Each bucket's upper edge is so many times the one before: a quantile is off by at most this. */
const growth = 1.2;
/** The first bucket holds all below this; nothing in a router is measured finer. */
const firstMs = 0.05;
/** Up to about 6 minutes; the last holds all beyond. */
const buckets = 88;
const logGrowth = Math.log(growth);

/** Where a time counts. */
export const bucketOf = (ms: number): number => (ms <= firstMs ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms / firstMs) / logGrowth)));

/** Times in buckets that grow geometrically: fixed memory, no allocation, quantiles within a fifth. */
export class LogHistogram {
  private readonly counts = new Uint32Array(buckets);
  total = 0;
  /** Buckets outside of these are empty. */
  private lowest = buckets;
  private highest = -1;

  add(ms: number): void {
    this.addTo(bucketOf(ms));
  }

  /** A time by bucketOf, for who counts one in several places. */
  addTo(bucket: number): void {
    this.touch(bucket);
    this.counts[bucket]! += 1;
    this.total += 1;
  }

  /** Upper edge of the bucket that holds the quantile; null without any. */
  quantileMs(part: number): number | null {
    if (this.total === 0) return null;
    let left = Math.ceil(this.total * part);
    for (let i = 0; i < buckets; i += 1) {
      left -= this.counts[i]!;
      if (left <= 0) return firstMs * growth ** i;
    }
    return firstMs * growth ** (buckets - 1);
  }

  /** A copy of the buckets: what another thread or a sum is told. */
  read(): Uint32Array {
    return this.counts.slice();
  }

  /** Adds what read() gave, here or elsewhere. */
  addAll(counts: Uint32Array): void {
    for (let i = 0; i < buckets; i += 1) {
      if (counts[i]! > 0) this.touch(i);
      this.counts[i]! += counts[i]!;
      this.total += counts[i]!;
    }
  }

  clear(): void {
    for (let i = this.lowest; i <= this.highest; i += 1) this.counts[i] = 0;
    this.lowest = buckets;
    this.highest = -1;
    this.total = 0;
  }

  private touch(bucket: number): void {
    if (bucket < this.lowest) this.lowest = bucket;
    if (bucket > this.highest) this.highest = bucket;
  }
}
