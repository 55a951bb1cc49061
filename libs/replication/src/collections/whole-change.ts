import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { DocumentKey, StoredDocument } from './collection-store.js';
import type { DocumentState } from './document-state.js';
import { wholeNested } from './write-nested.js';

/** All of a state, as a change tells it; `bytes` null: of a nested document without its contents. */
export const changeOfWhole = (state: DocumentState, bytes: Uint8Array | null): DocumentChanged['change'] => {
  const { kind: _, ...rest } = state;
  return (state.kind === 'document' ? wholeNested(state, bytes) : rest) as unknown as DocumentChanged['change'];
};

/** A document as one change that tells all of it. Whoever knows it already is told nothing new (I6). */
export const wholeChange = (key: DocumentKey, { state, bytes }: StoredDocument): DocumentChanged => {
  const { collection, tenant, id } = key;
  return { collection, tenant, id, kind: state.kind, whole: true, change: changeOfWhole(state, bytes), settled: [] };
};
