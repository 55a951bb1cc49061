import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { keyText, type ChangeNote, type DocumentKey } from '@lapidary/replication/collections/collection-store';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import type { Grave, Seen } from '@lapidary/replication/collections/collection-store';
import { isPurged } from '@lapidary/replication/collections/graves';

interface Row extends Omit<DocumentKey, 'kind'> {
  readonly kind: DocumentKey['kind'];
  readonly seen: Seen;
  readonly contents: DocumentState | null;
  readonly forgotten_at: Date | null;
}

/** By keyText, of keys that are locked (lockStored). */
export const readGraves = async (reader: Reader, keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, Grave>> => {
  const asked = keys.filter(({ kind }) => isPurged(kind));
  if (asked.length === 0) return new Map();
  const rows = await rowsOf<Row>(
    reader,
    `SELECT g.collection, g.kind, g.tenant, g.id, g.seen, g.contents, g.forgotten_at FROM grave g
       JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(collection, kind, tenant, id) USING (collection, kind, tenant, id)`,
    [asked.map((k) => k.collection), asked.map((k) => k.kind), asked.map((k) => k.tenant), asked.map((k) => k.id)],
  );
  return new Map(
    rows.map(({ seen, contents, forgotten_at: forgottenAt, ...key }) => [
      keyText(key),
      {
        seen,
        isForgotten: forgottenAt !== null,
        contents: contents === null ? null : { state: contents, bytes: null, toldInPart: 0 },
      },
    ]),
  );
};

/** A grave as it is now; `purge` is the event that it comes from, null leaves what is there. */
export const writeGrave = async (tx: Tx, key: DocumentKey, grave: Grave, purge: ChangeNote | null): Promise<void> => {
  await tx.query(
    `INSERT INTO grave AS g (collection, kind, tenant, id, seen, contents, forgotten_at, purge_origin, purge_event, purge_sequence)
     VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, CASE WHEN $7 THEN clock_timestamp() END, coalesce($8, ''), coalesce($9, ''), $10)
     ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET seen = excluded.seen, contents = excluded.contents,
       forgotten_at = CASE WHEN $7 THEN coalesce(g.forgotten_at, clock_timestamp()) END,
       buried_at = CASE WHEN $8::text IS NULL THEN g.buried_at ELSE clock_timestamp() END,
       purge_origin = coalesce($8, g.purge_origin), purge_event = coalesce($9, g.purge_event),
       purge_sequence = CASE WHEN $8::text IS NULL THEN g.purge_sequence ELSE excluded.purge_sequence END`,
    [
      key.collection,
      key.kind,
      key.tenant,
      key.id,
      JSON.stringify(grave.seen),
      grave.contents === null ? null : JSON.stringify(grave.contents.state),
      grave.isForgotten,
      purge?.origin ?? null,
      purge?.event ?? null,
      purge?.sequence ?? null,
    ],
  );
};

export const removeStored = async (tx: Tx, { collection, kind, tenant, id }: DocumentKey): Promise<void> => {
  await tx.query('DELETE FROM document WHERE collection = $1 AND kind = $2 AND tenant = $3 AND id = $4', [collection, kind, tenant, id]);
};
