import { BucketTable, type Root } from './bucket-table.js';
import type { Element } from './element.js';
import { Sketch } from './sketch.js';

/**
 * Symbols that are kept: enough for some 700 elements, that is 350 changed rows, in 11 kB. Where more differ, the buckets say
 * which rows to list.
 */
export const keptSymbols = 1_024;

/** An element that left or came, or both: a row that was changed. */
export interface ElementChange {
  readonly removed: Element | null;
  readonly added: Element | null;
}

/** What is kept of one set of rows, so that it can be compared without being read. */
export class SetDigest {
  readonly buckets: BucketTable;
  readonly sketch: Sketch;

  constructor(buckets = new BucketTable(), sketch = new Sketch(keptSymbols)) {
    this.buckets = buckets;
    this.sketch = sketch;
  }

  apply({ removed, added }: ElementChange): void {
    if (removed) {
      this.buckets.remove(removed);
      this.sketch.remove(removed);
    }
    if (added) {
      this.buckets.add(added);
      this.sketch.add(added);
    }
  }

  get root(): Root {
    return this.buckets.root;
  }

  /** Null where the bytes are none of a digest: it is made anew from the rows then. */
  static fromBytes(buckets: Uint8Array, sketch: Uint8Array): SetDigest | null {
    const table = BucketTable.fromBytes(buckets);
    const symbols = Sketch.fromBytes(sketch);
    return table && symbols?.length === keptSymbols ? new SetDigest(table, symbols) : null;
  }
}
