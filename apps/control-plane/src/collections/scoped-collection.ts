import type { Tx } from '@lapidary/db/transaction';
import { definedCollection } from './collection-row.js';
import { scopeOf, type Asked } from './scope.js';

/** The collection that a write is for and whose documents it is about, found allowed before anything else is done or answered again. */
export const scopedCollection = async (
  tx: Tx,
  collection: string,
  asked: Asked,
): Promise<{ readonly defined: Awaited<ReturnType<typeof definedCollection>>; readonly tenant: string }> => {
  const defined = await definedCollection(tx, collection);
  return { defined, tenant: await scopeOf(tx, defined.definition, asked, 'write') };
};
