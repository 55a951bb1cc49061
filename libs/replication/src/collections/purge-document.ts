import type { ChangeNote, CollectionTransaction, DocumentKey } from './collection-store.js';
import { existsState } from './document-state.js';
import { purgedGrave } from './graves.js';
import { tellChange } from './tell-change.js';

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
  if (stored === null || stored.state.kind !== 'lww' || existsState(stored.state)) return null;
  const { alive } = stored.state;
  // A tombstone like any other to who does not know purges: it repeats who deleted, and that is all.
  const event = await tellChange(tx, key, { whole: true, change: { fields: {}, alive } as never, settled: [], purged: true });
  const grave = purgedGrave(await tx.grave(key), alive.seen);
  await tx.removeDocument(key);
  await tx.saveGrave(key, { ...grave, contents: stored }, { ...by, event, at: '', sequence: null });
  return event;
};
