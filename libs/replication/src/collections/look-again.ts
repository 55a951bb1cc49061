import type { Loss } from '@lapidary/contracts/events/collection-events';
import { keyText, type CollectionTransaction, type ConflictCount, type LedgerEntry, type StoredDocument } from './collection-store.js';
import { policyFor } from './definitions.js';
import { lossesOf } from './document-state.js';
import { ledgerEntries } from './ledger-entries.js';

/**
 * Documents of fields with values that are not shown are looked at again after the rules of their collection have changed: other values are
 * shown now, so another number of them is not, and what the new rules do not show has to be in the ledger. There may be any number of such
 * documents, so it is done afterwards and piece by piece:
 *
 *   place of the collection   a definition with other rules   a piece that was full    a piece that was not
 *   none                      before every document           –                        –
 *   after a document          before every document           after the piece's last   none
 *
 *   L1 the place is set in the transaction that saves the definition, and moves in the one that writes a piece: who dies loses nothing, and
 *      what was not committed is done anew
 *   L2 a piece goes by the definition that holds in its own transaction, held against a new one. Everybody locks the definition, then the
 *      place, then documents
 *   L3 what is shown is decided when it is read, by the new rules from the first moment on: only numbers and the ledger follow
 *   L4 a document that is changed meanwhile is looked at by whoever changes it. So with no place left, all have been looked at since the last
 *      definition: regions that know the same have the same numbers, and each has a row for every value that is not shown;
 *      one that is purged meanwhile is looked at by whoever takes its row away
 *   L5 nothing is told: each region looks at what it has, when it has time. Whatever it is told in between, it could have been told before the
 *      definition
 */
export interface Looked {
  readonly documents: number;
  /** New entries of the ledger. */
  readonly losses: number;
  /** Nothing is left to do here, or somebody else is doing it. */
  readonly isOver: boolean;
  /** What can't be read, and is passed over: the scrub tells of it. */
  readonly unreadable: readonly string[];
}

/** Looks at the next piece, of at most `max` documents. */
export const lookAtSome = async (tx: CollectionTransaction, collection: string, max: number): Promise<Looked> => {
  const policy = await policyFor(tx, collection, 'lww');
  const place = await tx.lookPlace(collection);
  if (place === null) return { documents: 0, losses: 0, isOver: true, unreadable: [] };
  const keys = await tx.conflicted(collection, place, max);
  const here = await tx.documents(keys);
  const counts: ConflictCount[] = [];
  const entries: LedgerEntry[] = [];
  const unreadable: string[] = [];
  for (const key of keys) {
    const stored = here.get(keyText(key));
    if (!stored) continue;
    const losses = tryLosses(stored, policy);
    if (losses === null) unreadable.push(keyText(key));
    else {
      counts.push({ key, conflicts: losses.length });
      entries.push(...ledgerEntries(key, policy, [], losses));
    }
  }
  await tx.saveConflicts(counts);
  const losses = await tx.ledger(entries);
  const last = keys.length < max ? undefined : keys.at(-1);
  await tx.saveLookPlace(collection, last ? { tenant: last.tenant, id: last.id } : null);
  return { documents: keys.length, losses, isOver: last === undefined, unreadable };
};

/** Null where the state is none: it must not keep the others from being looked at. */
const tryLosses = ({ state }: StoredDocument, policy: Parameters<typeof lossesOf>[1]): readonly Loss[] | null => {
  try {
    return lossesOf(state, policy);
  } catch {
    return null;
  }
};
