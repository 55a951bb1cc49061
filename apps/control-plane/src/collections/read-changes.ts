import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { digestOfState, emptyState } from '@lapidary/replication/collections/document-state';
import { documentColumns, withState, type DocumentRow, type Unread } from './document-row.js';
import type { WatchCursor } from './watch-cursor.js';

export interface Watched extends Omit<DocumentKey, 'id'> {
  /** One document, or those that begin with `prefix`. */
  readonly id: string | null;
  readonly prefix: string;
}

export interface WatchedRow extends DocumentRow {
  readonly collection: string;
  readonly exists: boolean;
}

export interface Changes {
  /** In the order of their last changes; each with its place. */
  readonly documents: readonly { readonly row: WatchedRow; readonly xid: bigint; readonly position: bigint }[];
  /** Everything of older transactions has been looked at. */
  readonly horizon: bigint;
  /** There is more at once. */
  readonly more: boolean;
  /** Something has happened that can't be told yet: an older transaction is still running. */
  readonly pending: boolean;
}

/** Rows of history at once; documents that changed often in a row are told once, as they are now. */
const rowsAtOnceMax = 200;

interface ChangeRow {
  readonly document: string;
  readonly xid: string;
  readonly position: string;
}

/** Transactions older than this are all over. */
export const watchHorizon = async (reader: Reader): Promise<bigint> => {
  const [row] = await rowsOf<{ xmin: string }>(reader, 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
  return BigInt(row!.xmin);
};

/** Up to which transaction history has been pruned. */
export const historyFloor = async (reader: Reader): Promise<bigint> => {
  const [row] = await rowsOf<{ floor: string }>(reader, 'SELECT change_floor::text AS floor FROM origin');
  return BigInt(row!.floor);
};

/** What has changed since a place, as it is now. */
export const readChanges = async (reader: Reader, of: Watched, after: Pick<WatchCursor, 'xid' | 'position'>): Promise<Changes> => {
  const chosen = [of.collection, of.tenant, of.id, of.prefix, of.kind];
  const horizon = await watchHorizon(reader);
  const where = `collection = $1 AND tenant = $2 AND ($3::text IS NULL OR document = $3) AND starts_with(document, $4) AND kind = $5`;
  const rows = await rowsOf<ChangeRow>(
    reader,
    `SELECT document, xid::text AS xid, position::text AS position FROM change
      WHERE ${where} AND (xid, position) > ($6::xid8, $7::bigint) AND xid < $8::xid8 ORDER BY xid, position LIMIT $9`,
    [...chosen, String(after.xid), String(after.position), String(horizon), rowsAtOnceMax],
  );
  const last = new Map<string, { xid: bigint; position: bigint }>();
  for (const { document, xid, position } of rows) {
    last.delete(document);
    last.set(document, { xid: BigInt(xid), position: BigInt(position) });
  }
  const found = last.size === 0 ? [] : await documentsOf(reader, of, [...last.keys()]);
  const [waiting] = await rowsOf(reader, `SELECT 1 FROM change WHERE ${where} AND xid >= $6::xid8 LIMIT 1`, [...chosen, String(horizon)]);
  return {
    documents: [...last].map(([id, place]) => ({ row: found.find((r) => r.id === id) ?? purgedRow(of, id), ...place })),
    horizon,
    more: rows.length === rowsAtOnceMax,
    pending: waiting !== undefined,
  };
};

/** It was deleted since, and its tombstone is purged: a watcher that was away for longer hears of the delete all the same. */
const purgedRow = ({ collection, kind, tenant }: Watched, id: string): WatchedRow => {
  const state = emptyState(kind);
  const nothing = { conflicts: 0, history: null, own_event: null, updated_at: new Date() };
  return { ...nothing, collection, tenant, id, exists: false, state, digest: digestOfState(state) };
};

const documentsOf = async (reader: Reader, of: Watched, ids: readonly string[]): Promise<WatchedRow[]> =>
  (
    await rowsOf<Unread<WatchedRow>>(
      reader,
      `SELECT collection, exists, ${documentColumns} FROM document WHERE collection = $1 AND kind = $2 AND tenant = $3 AND id = ANY ($4)`,
      [of.collection, of.kind, of.tenant, ids],
    )
  ).map((row) => withState<WatchedRow>(row));
