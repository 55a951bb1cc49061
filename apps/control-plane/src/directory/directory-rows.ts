import type { DirectoryEntry, RouteBody } from '@lapidary/contracts/directory';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';

type Queryable = Pick<Tx, 'query'>;

interface Row {
  readonly key: string;
  readonly body: RouteBody;
  readonly cursor: string;
  readonly committed_at: Date;
}

const toEntry = (row: Row): DirectoryEntry => ({
  key: row.key,
  cursor: Number(row.cursor),
  committedAtMs: row.committed_at.getTime(),
  body: row.body,
});

/** Numbered entries whose newest state the stream does not have, in cursor order. */
export const unpublishedEntries = async (db: Queryable, limit: number): Promise<DirectoryEntry[]> => {
  const rows = await rowsOf<Row>(
    db,
    `SELECT key, body, cursor, committed_at FROM directory_entry
     WHERE cursor IS NOT NULL AND published_cursor IS DISTINCT FROM cursor ORDER BY cursor LIMIT $1`,
    [limit],
  );
  return rows.map(toEntry);
};

export const countUnpublished = async (db: Queryable): Promise<number> => {
  const [row] = await rowsOf<{ n: string }>(
    db,
    `SELECT (SELECT count(*) FROM directory_entry WHERE cursor IS NULL)
          + (SELECT count(*) FROM directory_entry WHERE cursor IS NOT NULL AND published_cursor IS DISTINCT FROM cursor) AS n`,
  );
  return Number(row?.n ?? 0);
};

/** Notes what the stream has acknowledged, also where the entry has changed again meanwhile. */
export const markEntriesPublished = async (db: Queryable, entries: readonly DirectoryEntry[]): Promise<void> => {
  await db.query(
    `UPDATE directory_entry d SET published_cursor = p.cursor
     FROM unnest($1::text[], $2::bigint[]) AS p(key, cursor)
     WHERE d.key = p.key AND (d.published_cursor IS NULL OR d.published_cursor < p.cursor)`,
    [entries.map((e) => e.key), entries.map((e) => e.cursor)],
  );
};

/** So many rows are made objects in some ten milliseconds, in which nothing else goes on. */
const cursorsAtOnceMax = 10_000;

/** Cursor that the stream should have, by key; each as it is when its page is read. */
export const publishedCursors = async (db: Queryable): Promise<Map<string, number>> => {
  const found = new Map<string, number>();
  for (let after: string | null = ''; after !== null;) {
    const rows: { readonly key: string; readonly published_cursor: string }[] = await rowsOf(
      db,
      'SELECT key, published_cursor FROM directory_entry WHERE key > $1 AND published_cursor IS NOT NULL ORDER BY key LIMIT $2',
      [after, cursorsAtOnceMax],
    );
    for (const row of rows) found.set(row.key, Number(row.published_cursor));
    after = rows.length < cursorsAtOnceMax ? null : rows.at(-1)!.key;
  }
  return found;
};

/** Entries that one statement puts back: a million in one would take longer than a statement may. */
const putBackAtOnceMax = 10_000;

/** Puts all entries back to unpublished, part by part. What it leaves where it is cut off is lost to the next look at the stream, which puts it back. */
export const publishAllAgain = async (db: Queryable): Promise<void> => {
  for (let after: string | null = ''; after !== null;) {
    const [last]: { readonly key: string }[] = await rowsOf(
      db,
      'SELECT key FROM directory_entry WHERE key > $1 ORDER BY key OFFSET $2 LIMIT 1',
      [after, putBackAtOnceMax - 1],
    );
    await db.query(
      'UPDATE directory_entry SET published_cursor = NULL WHERE published_cursor IS NOT NULL AND key > $1 AND ($2::text IS NULL OR key <= $2)',
      [after, last?.key ?? null],
    );
    after = last?.key ?? null;
  }
};

/** Puts entries back to unpublished that the stream lacks at this cursor, unless they have been published at another one since. Returns how many. */
export const publishLostAgain = async (db: Queryable, lost: readonly (readonly [key: string, cursor: number])[]): Promise<number> => {
  let count = 0;
  for (let at = 0; at < lost.length; at += putBackAtOnceMax) {
    const part = lost.slice(at, at + putBackAtOnceMax);
    const [row] = await rowsOf<{ n: number }>(
      db,
      `WITH put_back AS (
         UPDATE directory_entry d SET published_cursor = NULL FROM unnest($1::text[], $2::bigint[]) AS l(key, cursor)
          WHERE d.key = l.key AND d.published_cursor = l.cursor RETURNING 1)
       SELECT count(*)::int AS n FROM put_back`,
      [part.map(([key]) => key), part.map(([, cursor]) => cursor)],
    );
    count += row?.n ?? 0;
  }
  return count;
};

/** Entries after a key, in key order; an entry that has no cursor at the moment has `cursor` null. */
export const entriesAfter = async (db: Queryable, after: string | null, limit: number): Promise<(DirectoryEntry | null)[]> => {
  const rows = await rowsOf<Row & { cursor: string | null }>(
    db,
    'SELECT key, body, cursor, committed_at FROM directory_entry WHERE key > $1 ORDER BY key LIMIT $2',
    [after ?? '', limit],
  );
  return rows.map((row) => (row.cursor === null ? null : toEntry(row)));
};

/** Identifies the database that gives the cursors. */
export const readGeneration = async (db: Queryable): Promise<string> => {
  const [row] = await rowsOf<{ generation: string }>(db, 'SELECT generation FROM origin');
  if (!row) throw new Error('the origin row is missing');
  return row.generation;
};
