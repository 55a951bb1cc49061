import type { ChangeNote, CollectionTransaction, DocumentKey, Site } from './collection-store.js';
import { policyFor } from './definitions.js';
import { lossesOf, type DocumentState } from './document-state.js';
import { buriedIn, purgedGrave, purgedState, seenOf } from './graves.js';
import { ledgerEntries } from './ledger-entries.js';
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
  const event = await tellPurge(tx, key, state);
  // L4: rules may have changed since, and nobody looks at what is buried.
  const policy = await policyFor(tx, key.collection, key.kind);
  await tx.ledger(ledgerEntries(key, policy, [], lossesOf(stored.state, policy)));
  const grave = purgedGrave(await tx.grave(key), seenOf(state)!);
  await tx.removeDocument(key);
  await tx.saveGrave(key, buriedIn(grave, { ...stored, state }), { ...by, event, at: '', sequence: null });
  return event;
};

/**
 * Tells a purge again that was another region's, and whose place in that one's log means nothing any more (T5). Null where there is no grave with
 * contents (any more).
 */
export const retellPurge = async (
  tx: CollectionTransaction,
  key: DocumentKey,
  by: Omit<ChangeNote, 'event' | 'at' | 'sequence'>,
): Promise<string | null> => {
  const grave = await tx.grave(key);
  if (grave === null || grave.contents === null) return null;
  const event = await tellPurge(tx, key, grave.contents.state);
  await tx.saveGrave(key, grave, { ...by, event, at: '', sequence: null });
  return event;
};

/** A tombstone like any other to who does not know purges: it repeats who deleted, of a counter its rows, and that is all. Without its fields it may not say what was dropped (F1). */
const tellPurge = async (tx: Pick<CollectionTransaction, 'tell'>, key: DocumentKey, state: DocumentState): Promise<string> => {
  const change = changeOfWhole(state.kind === 'lww' ? { ...state, fields: {}, dropped: undefined } : state, null);
  return await tellChange(tx, key, { whole: true, change, settled: [], purged: true });
};
