import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import type { DocumentFacts, StoredDocument } from './collection-store.js';
import { removedFields } from '../merge/dropped.js';
import { existsState, latestOfState, lossesOf, measureState, type DocumentState } from './document-state.js';

/** Fewer are not worth an event with all of the document. */
const removedDue = 4;

/** Whether a document has so many removed fields that they are to be dropped (drop-removed.ts). */
export const isRemovedDue = (state: DocumentState): boolean =>
  state.kind === 'lww' && existsState(state) && removedFields(state) >= removedDue;

/** What a row says of its document, under a policy. */
export const factsOf = (
  stored: Pick<StoredDocument, 'state' | 'bytes'>,
  policy: CollectionPolicy,
): { facts: DocumentFacts; losses: Loss[] } => {
  const losses = lossesOf(stored.state, policy);
  const { digest, bytes } = measureState(stored.state);
  return {
    losses,
    facts: {
      exists: existsState(stored.state),
      digest,
      bytes: bytes + (stored.bytes?.length ?? 0),
      conflicts: losses.length,
      latest: latestOfState(stored.state),
      removedDue: isRemovedDue(stored.state),
    },
  };
};
