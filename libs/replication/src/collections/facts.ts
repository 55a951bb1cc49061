import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import type { DocumentFacts, StoredDocument } from './collection-store.js';
import { digestOfState, latestOfState, lossesOf, viewState } from './document-state.js';

/** What a row says of its document, under a policy. */
export const factsOf = (
  stored: Pick<StoredDocument, 'state' | 'bytes'>,
  policy: CollectionPolicy,
): { facts: DocumentFacts; losses: Loss[] } => {
  const losses = lossesOf(stored.state, policy);
  const stateBytes = Buffer.byteLength(JSON.stringify(stored.state));
  return {
    losses,
    facts: {
      exists: viewState(stored.state, policy) !== null,
      digest: digestOfState(stored.state),
      bytes: stateBytes + (stored.bytes?.length ?? 0),
      conflicts: losses.length,
      latest: latestOfState(stored.state),
    },
  };
};
