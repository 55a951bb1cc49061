import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { subjectOf, type ChangeNote, type CollectionTransaction, type DocumentKey } from './collection-store.js';
import { isWaiting } from './document-state.js';
import { factsOf } from './facts.js';
import { ledgerEntries } from './ledger-entries.js';
import type { Written } from './written.js';

/** Tells of a change of a document; returns the event's id. */
export const tellChange = async (
  tx: Pick<CollectionTransaction, 'tell'>,
  { collection, tenant, id, kind }: DocumentKey,
  what: Pick<DocumentChanged, 'whole' | 'change' | 'settled' | 'purged' | 'fresh'>,
): Promise<string> =>
  await tx.tell('lapidary.document.changed.v1', subjectOf({ collection, tenant, id }), { collection, tenant, id, kind, ...what });

/** Stores what a region writes by itself, and tells all of the document. Without a request it is known by its event, whose id this returns. */
export const tellWhole = async (
  tx: Pick<CollectionTransaction, 'tell' | 'saveDocument' | 'ledger'>,
  key: DocumentKey,
  policy: CollectionPolicy,
  { after, change, settled }: Written,
  note: Pick<ChangeNote, 'origin' | 'actor' | 'at'> & Partial<Pick<ChangeNote, 'requestId'>>,
): Promise<string> => {
  const { facts, losses } = factsOf(after, policy);
  const event = await tellChange(tx, key, { whole: true, change, settled: [...settled] });
  await tx.saveDocument(key, after, facts, { requestId: event, ...note, event });
  await tx.ledger(ledgerEntries(key, policy, settled, losses, isWaiting(after.state)));
  return event;
};
