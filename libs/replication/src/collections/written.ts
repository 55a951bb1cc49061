import type { DocumentChanged, Loss } from '@lapidary/contracts/events/collection-events';
import type { StoredDocument } from './collection-store.js';

/** A write as it is to be stored and told. */
export interface Written {
  readonly after: StoredDocument;
  readonly change: DocumentChanged['change'];
  /** `change` is the whole state. */
  readonly whole: boolean;
  /** Values that had lost and are replaced now. */
  readonly settled: readonly Loss[];
}

/**
 * A document's whole state is told with every 32nd change of a region: until then its changes stay in the outbox for
 * regions that are new. Fewer would make events large, more would keep more rows.
 */
export const wholeEvery = 32;
