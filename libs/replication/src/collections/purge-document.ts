import type { ChangeNote, CollectionTransaction, DocumentKey, Site } from './collection-store.js';
import { buriedIn, purgedGrave, purgedState, seenOf } from './graves.js';
import { tellChange } from './tell-change.js';
import { changeOfWhole } from './whole-change.js';

/**
 * Purges a tombstone: the row goes, here and wherever the event comes, and what is left is its grave (T1). The caller has seen that
 * every region knows all that this one knew when the tombstone was as it is now (stability.ts). Null where there is none (any more), or it
 * must wait (`purgedState`).
 */
export const purgeDocument = async (
  tx: CollectionTransaction,
  { region, tick }: Pick<Site, 'region' | 'tick'>,
  key: DocumentKey,
  others: readonly string[],
  by: Omit<ChangeNote, 'event' | 'at' | 'sequence'>,
): Promise<string | null> => {
  const stored = await tx.document(key);
  const state = stored && purgedState(stored.state, region, others, tick);
  if (!stored || !state) return null;
  // A tombstone like any other to who does not know purges: it repeats who deleted, of a counter its rows, and that is all.
  const change = changeOfWhole(state.kind === 'lww' ? { ...state, fields: {} } : state, null);
  const event = await tellChange(tx, key, { whole: true, change, settled: [], purged: true });
  const grave = purgedGrave(await tx.grave(key), seenOf(state)!);
  await tx.removeDocument(key);
  await tx.saveGrave(key, buriedIn(grave, { ...stored, state }), { ...by, event, at: '', sequence: null });
  return event;
};
