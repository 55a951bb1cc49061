import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import type { DocumentFacts, StoredDocument } from './collection-store.js';
import { existsState, latestOfState, lossesOf, measureState } from './document-state.js';

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
    },
  };
};
