import type { ChangeNote, CollectionTransaction, DocumentKey } from './collection-store.js';
import { subjectOf } from './collection-store.js';
import { viewState } from './document-state.js';
import { defaultPolicy } from './definitions.js';
import { isPurged, purgedGrave, seenOf } from './graves.js';

/**
 * Purges a tombstone: the row goes, here and wherever the event comes, and what is left is its grave (T1). The caller has seen that
 * every region knows all that this one knew when the tombstone was as it is now (stability.ts). Null where there is none (any more).
 */
export const purgeDocument = async (
  tx: CollectionTransaction,
  key: DocumentKey,
  by: Omit<ChangeNote, 'event' | 'at' | 'sequence'>,
): Promise<string | null> => {
  const stored = await tx.document(key);
  if (stored === null || !isPurged(key.kind) || viewState(stored.state, defaultPolicy(key.kind)) !== null) return null;
  const seen = seenOf(stored.state);
  if (seen === null || stored.state.kind !== 'lww') return null;
  const { collection, kind, tenant, id } = key;
  // A tombstone like any other to who does not know purges: it repeats who deleted, and that is all.
  const event = await tx.tell('lapidary.document.changed.v1', subjectOf(key), {
    collection,
    tenant,
    id,
    kind,
    whole: true,
    change: { fields: {}, alive: stored.state.alive } as never,
    settled: [],
    purged: true,
  });
  const grave = purgedGrave(await tx.grave(key), seen);
  await tx.removeDocument(key);
  await tx.saveGrave(key, { ...grave, contents: stored }, { ...by, event, at: '', sequence: null });
  return event;
};
