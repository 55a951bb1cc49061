import { bucketCount, bucketOfElement, type Element } from './element.js';

/** 8 of the sum, 4 of the count. */
const bucketBytes = 12;
const mask = 0xffff_ffff_ffff_ffffn;

/** What a set of elements comes to: equal sets have equal roots, and different ones have by a chance of 2^-64. */
export interface Root {
  readonly rows: number;
  /** Sum of all elements modulo 2^64; a sum and not an XOR, so that an element that was added twice shows. */
  readonly sum: bigint;
}

export const emptyRoot: Root = { rows: 0, sum: 0n };
export const sameRoot = (a: Root, b: Root): boolean => a.rows === b.rows && a.sum === b.sum;
/** `sum` may be any integer; it counts modulo 2^64. */
export const addRoots = (a: Root, b: Root): Root => ({ rows: a.rows + b.rows, sum: (a.sum + b.sum) & mask });

/** Sums of elements bucket by bucket: the cheap check (its total), the localiser, and what is left where a sketch is too short. */
export class BucketTable {
  private readonly high = new Uint32Array(bucketCount);
  private readonly low = new Uint32Array(bucketCount);
  private readonly rows = new Int32Array(bucketCount);

  add(element: Element): void {
    const bucket = bucketOfElement(element);
    const low = this.low[bucket]! + element.low;
    this.low[bucket] = low;
    this.high[bucket]! += element.high + (low > 0xffff_ffff ? 1 : 0);
    this.rows[bucket]! += 1;
  }

  remove(element: Element): void {
    const bucket = bucketOfElement(element);
    const low = this.low[bucket]! - element.low;
    this.low[bucket] = low;
    this.high[bucket]! -= element.high + (low < 0 ? 1 : 0);
    this.rows[bucket]! -= 1;
  }

  bucket(index: number): Root {
    return { rows: this.rows[index]!, sum: (BigInt(this.high[index]!) << 32n) | BigInt(this.low[index]!) };
  }

  get root(): Root {
    let root = emptyRoot;
    for (let i = 0; i < bucketCount; i++)
      if (this.rows[i] !== 0 || this.low[i] !== 0 || this.high[i] !== 0) root = addRoots(root, this.bucket(i));
    return root;
  }

  /** Buckets in which the two differ, ascending. */
  differing(other: BucketTable): number[] {
    const differ: number[] = [];
    for (let i = 0; i < bucketCount; i++)
      if (this.low[i] !== other.low[i] || this.high[i] !== other.high[i] || this.rows[i] !== other.rows[i]) differ.push(i);
    return differ;
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(bucketCount * bucketBytes);
    const view = new DataView(bytes.buffer);
    for (let i = 0, at = 0; i < bucketCount; i++, at += bucketBytes) {
      view.setUint32(at, this.high[i]!);
      view.setUint32(at + 4, this.low[i]!);
      view.setInt32(at + 8, this.rows[i]!);
    }
    return bytes;
  }

  /** Null where the bytes are no table. */
  static fromBytes(bytes: Uint8Array): BucketTable | null {
    if (bytes.length !== bucketCount * bucketBytes) return null;
    const table = new BucketTable();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0, at = 0; i < bucketCount; i++, at += bucketBytes) {
      table.high[i] = view.getUint32(at);
      table.low[i] = view.getUint32(at + 4);
      table.rows[i] = view.getInt32(at + 8);
    }
    return table;
  }
}
