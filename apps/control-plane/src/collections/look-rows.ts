import { plainArray } from '@lapidary/db/array-text';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { ConflictCount, DocumentKey, LookPlace } from '@lapidary/replication/collections/collection-store';
import { keyColumns } from './stored-documents.js';

/** Documents of fields that have values which are not shown, after a place; as their index has them. */
export const conflictedAfter = async (tx: Tx, collection: string, after: LookPlace, max: number): Promise<DocumentKey[]> =>
  await rowsOf<DocumentKey>(
    tx,
    `SELECT collection, kind, tenant, id FROM document
      WHERE collection = $1 AND kind = 'lww' AND conflicted AND (tenant, id) > ($2, $3) ORDER BY tenant, id LIMIT $4`,
    [collection, after.tenant, after.id, max],
  );

/** Of documents that are locked. Those whose number stays are left as they are. */
export const writeConflicts = async (tx: Tx, counts: readonly ConflictCount[]): Promise<void> => {
  if (counts.length === 0) return;
  await tx.query(
    // One by one by their names, as lockStored reads them.
    `UPDATE document d SET conflicts = f.conflicts FROM (
       SELECT x.place, k.conflicts FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[]) AS k(collection, kind, tenant, id, conflicts)
         CROSS JOIN LATERAL (
           SELECT ctid AS place FROM document
            WHERE collection = k.collection AND kind = k.kind AND tenant = k.tenant AND id = k.id AND conflicts <> k.conflicts FOR UPDATE) AS x) AS f
      WHERE d.ctid = f.place`,
    [...keyColumns(counts.map(({ key }) => key)), plainArray(counts.map(({ conflicts }) => conflicts))],
  );
};

/** Null where there is none, or another process has it. */
export const lockPlace = async (tx: Tx, collection: string): Promise<LookPlace | null> => {
  const sql = 'SELECT tenant, id FROM collection_look WHERE collection = $1 FOR UPDATE SKIP LOCKED';
  return (await rowsOf<LookPlace>(tx, sql, [collection]))[0] ?? null;
};

export const writePlace = async (tx: Tx, collection: string, place: LookPlace | null): Promise<void> => {
  if (place === null) await tx.query('DELETE FROM collection_look WHERE collection = $1', [collection]);
  else
    await tx.query(
      `INSERT INTO collection_look (collection, tenant, id) VALUES ($1, $2, $3)
       ON CONFLICT (collection) DO UPDATE SET tenant = excluded.tenant, id = excluded.id`,
      [collection, place.tenant, place.id],
    );
};
