import type { Tx } from '@lapidary/db/transaction';
import { keyText, type DocumentKey } from '@lapidary/replication/collections/collection-store';

/**
 * Holds documents until the end of the transaction, also those that are not there yet: a row that isn't there can't be locked, and
 * two writers who both find none would overwrite each other. In the order of their names, whoever asks.
 */
export const lockDocuments = async (tx: Tx, keys: readonly DocumentKey[]): Promise<void> => {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM (SELECT unnest($1::text[]) AS name) AS names', [
    keys.map(keyText).sort(),
  ]);
};
