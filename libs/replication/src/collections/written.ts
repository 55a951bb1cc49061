import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { DocumentChanged, Loss } from '@lapidary/contracts/events/collection-events';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import type { StoredDocument } from './collection-store.js';
import { lossesOf, type DocumentState } from './document-state.js';

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

/** Losses that a write settles: they were there before, and are not after it. */
export const settledBy = (before: DocumentState, after: DocumentState, policy: CollectionPolicy): readonly Loss[] => {
  const lost = lossesOf(before, policy);
  // Nearly every write, and `after` has all its fields to look at.
  if (lost.length === 0) return lost;
  const idOf = ({ field, loser }: Loss): string => canonicalJson([field, loser.at]);
  const still = new Set(lossesOf(after, policy).map(idOf));
  return lost.filter((loss) => !still.has(idOf(loss)));
};
