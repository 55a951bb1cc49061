import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { keyText, type ChangeNote, type DocumentKey, type Grave } from '@lapidary/replication/collections/collection-store';
import { textOfState, type DocumentState } from '@lapidary/replication/collections/document-state';
import { isPurged } from '@lapidary/replication/collections/graves';
import type { Seen } from '@lapidary/replication/merge/register';
import { keyColumns } from './stored-documents.js';

interface Row extends Omit<DocumentKey, 'kind'> {
  readonly kind: DocumentKey['kind'];
  readonly seen: Seen;
  readonly contents: DocumentState | null;
  readonly automerge: Buffer | null;
  readonly beginning: DocumentState | null;
  readonly forgotten_at: Date | null;
}

/** By keyText, of keys that are locked (lockStored). */
export const readGraves = async (reader: Reader, keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, Grave>> => {
  const asked = keys.filter(({ kind }) => isPurged(kind));
  if (asked.length === 0) return new Map();
  const rows = await rowsOf<Row>(
    reader,
    `SELECT g.collection, g.kind, g.tenant, g.id, g.seen, g.contents, g.automerge, g.beginning, g.forgotten_at FROM grave g
       JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(collection, kind, tenant, id) USING (collection, kind, tenant, id)`,
    keyColumns(asked),
  );
  return new Map(
    rows.map(({ seen, contents, automerge, beginning, forgotten_at: forgottenAt, ...key }) => [
      keyText(key),
      {
        seen,
        isForgotten: forgottenAt !== null,
        contents: contents === null ? null : { state: contents, bytes: automerge && new Uint8Array(automerge), toldInPart: 0 },
        beginning,
      },
    ]),
  );
};

export interface WrittenGrave {
  readonly key: DocumentKey;
  readonly grave: Grave;
  /** The event that it comes from; null leaves what is there. */
  readonly purge: ChangeNote | null;
}

/** Graves as they are now. */
export const writeGraves = async (tx: Tx, graves: readonly WrittenGrave[]): Promise<void> => {
  if (graves.length === 0) return;
  await tx.query(
    `INSERT INTO grave AS g (collection, kind, tenant, id, seen, contents, automerge, beginning, forgotten_at, purge_origin, purge_event, purge_sequence, purge_epoch)
     SELECT collection, kind, tenant, id, seen::jsonb, contents::jsonb, automerge, beginning::jsonb, CASE WHEN forgotten THEN clock_timestamp() END,
            coalesce(origin, ''), coalesce(event, ''), sequence, epoch
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[],
                   $9::bool[], $10::text[], $11::text[], $12::bigint[], $13::int[])
         AS t(collection, kind, tenant, id, seen, contents, automerge, beginning, forgotten, origin, event, sequence, epoch)
     ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET seen = excluded.seen, contents = excluded.contents,
       automerge = excluded.automerge, beginning = excluded.beginning, forgotten_at = CASE WHEN excluded.forgotten_at IS NOT NULL THEN coalesce(g.forgotten_at, excluded.forgotten_at) END,
       buried_at = CASE WHEN excluded.purge_origin = '' THEN g.buried_at ELSE clock_timestamp() END,
       purge_origin = CASE WHEN excluded.purge_origin = '' THEN g.purge_origin ELSE excluded.purge_origin END,
       purge_event = CASE WHEN excluded.purge_origin = '' THEN g.purge_event ELSE excluded.purge_event END,
       purge_sequence = CASE WHEN excluded.purge_origin = '' THEN g.purge_sequence ELSE excluded.purge_sequence END,
       purge_epoch = CASE WHEN excluded.purge_origin = '' THEN g.purge_epoch ELSE excluded.purge_epoch END`,
    [
      ...keyColumns(graves.map(({ key }) => key)),
      graves.map(({ grave }) => JSON.stringify(grave.seen)),
      graves.map(({ grave }) => (grave.contents === null ? null : textOfState(grave.contents.state))),
      graves.map(({ grave }) => (grave.contents?.bytes ? Buffer.from(grave.contents.bytes) : null)),
      graves.map(({ grave }) => (grave.beginning === null ? null : textOfState(grave.beginning))),
      graves.map(({ grave }) => grave.isForgotten),
      graves.map(({ purge }) => purge?.origin ?? null),
      graves.map(({ purge }) => purge?.event ?? null),
      graves.map(({ purge }) => purge?.sequence ?? null),
      graves.map(({ purge }) => purge?.epoch ?? null),
    ],
  );
};
