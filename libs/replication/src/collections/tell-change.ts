import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { subjectOf, type CollectionTransaction, type DocumentKey } from './collection-store.js';

/** Tells of a change of a document; returns the event's id. */
export const tellChange = async (
  tx: Pick<CollectionTransaction, 'tell'>,
  { collection, tenant, id, kind }: DocumentKey,
  what: Pick<DocumentChanged, 'whole' | 'change' | 'settled' | 'purged' | 'fresh'>,
): Promise<string> =>
  await tx.tell('lapidary.document.changed.v1', subjectOf({ collection, tenant, id }), { collection, tenant, id, kind, ...what });
