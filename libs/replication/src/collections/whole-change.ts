import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { DocumentKey, StoredDocument } from './collection-store.js';
import { wholeNested } from './write-nested.js';

/** A document as one change that tells all of it. Whoever knows it already is told nothing new (I6). */
export const wholeChange = (key: DocumentKey, { state, bytes }: StoredDocument): DocumentChanged => {
  const { kind, ...rest } = state;
  const change = state.kind === 'document' ? wholeNested(state, bytes) : rest;
  return {
    collection: key.collection,
    tenant: key.tenant,
    id: key.id,
    kind,
    whole: true,
    change: change as unknown as DocumentChanged['change'],
    settled: [],
  };
};
