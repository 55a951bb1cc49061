import { entryHashWords } from '@lapidary/contracts/directory-digest';
import { tenantKey } from '@lapidary/contracts/directory';
import { ExtendibleIndex } from './extendible-index.js';
import type { KeyWords } from './key-words.js';
import { segment, tenantDirectoryAt } from './layout.js';
import type { SharedHeap } from './shared-heap.js';
import type { TenantRecords } from './tenant-record.js';
import { add64, subtract64, type Pair } from './pair.js';

/**
 * Tenants by id. Each segment keeps the sum of its entries' hashes (of the digest) and of its records' words as changes
 * come, so that an audit can recompute it from the rows, one segment at a time.
 */
export class TenantIndex extends ExtendibleIndex {
  constructor(
    heap: SharedHeap,
    private readonly records: TenantRecords,
  ) {
    super(heap, tenantDirectoryAt);
  }

  /** Adds to what the segment says of its rows. */
  count(from: number, entry: Pair, row: number): void {
    if (this.isUnsummed(from)) return;
    this.setRoot(from, add64(this.root(from), entry));
    this.heap.set(from + segment.rows, (this.rows(from) + row) | 0);
  }

  discount(from: number, entry: Pair, row: number): void {
    if (this.isUnsummed(from)) return;
    this.setRoot(from, subtract64(this.root(from), entry));
    this.heap.set(from + segment.rows, (this.rows(from) - row) | 0);
  }

  root(from: number): Pair {
    return { high: this.heap.at(from + segment.rootHigh) >>> 0, low: this.heap.at(from + segment.rootLow) >>> 0 };
  }

  rows(from: number): number {
    return this.heap.at(from + segment.rows);
  }

  entryHash(ref: number): Pair {
    return entryHashWords(tenantKey(this.records.id(ref)), this.records.cursor(ref));
  }

  hashAt(ref: number): number {
    return this.records.hashAt(ref);
  }

  protected matches(ref: number, key: KeyWords): boolean {
    return this.records.matches(ref, key);
  }

  setSums(from: number, root: Pair, rows: number): void {
    this.setRoot(from, root);
    this.heap.set(from + segment.rows, rows);
  }

  protected hasMoved(ref: number, from: number, to: number): void {
    if (this.isUnsummed(from)) return this.heap.set(to + segment.unsummed, 1);
    const entry = this.entryHash(ref);
    const row = this.records.rowHash(ref);
    this.discount(from, entry, row);
    this.count(to, entry, row);
  }

  /** The audit will add it up; until then there is nothing to keep up. */
  private isUnsummed(from: number): boolean {
    return this.heap.at(from + segment.unsummed) === 1;
  }

  private setRoot(from: number, root: Pair): void {
    this.heap.set(from + segment.rootHigh, root.high | 0);
    this.heap.set(from + segment.rootLow, root.low | 0);
  }
}
