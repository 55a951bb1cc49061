import type { DirectoryDigest, DirectoryEntry, RouteBody } from '@lapidary/contracts/directory';
import { formatRoot } from '@lapidary/contracts/directory-digest';
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

/** Puts all entries back to unpublished. */
export const publishAllAgain = async (db: Queryable): Promise<void> => {
  await db.query('UPDATE directory_entry SET published_cursor = NULL WHERE published_cursor IS NOT NULL');
};

/** Puts entries back to unpublished that the stream lacks at this cursor, unless they have been published at another one since. Returns how many. */
export const publishLostAgain = async (db: Queryable, lost: readonly (readonly [key: string, cursor: number])[]): Promise<number> =>
  (
    await rowsOf(
      db,
      `UPDATE directory_entry d SET published_cursor = NULL FROM unnest($1::text[], $2::bigint[]) AS l(key, cursor)
        WHERE d.key = l.key AND d.published_cursor = l.cursor RETURNING 1`,
      [lost.map(([key]) => key), lost.map(([, cursor]) => cursor)],
    )
  ).length;

/** Entries after a key, in key order; an entry that has no cursor at the moment has `cursor` null. */
export const entriesAfter = async (db: Queryable, after: string | null, limit: number): Promise<(DirectoryEntry | null)[]> => {
  const rows = await rowsOf<Row & { cursor: string | null }>(
    db,
    'SELECT key, body, cursor, committed_at FROM directory_entry WHERE key > $1 ORDER BY key LIMIT $2',
    [after ?? '', limit],
  );
  return rows.map((row) => (row.cursor === null ? null : toEntry(row)));
};

/**
 * Digest of what was published, computed from the rows themselves (so it notices a row that rotted), in one statement
 * (so it is one moment's). Some 1.5 µs per entry. Same sum as entryHash in contracts/directory-digest.ts.
 */
export const readDigest = async (db: Queryable): Promise<DirectoryDigest> => {
  const [row] = await rowsOf<{ region: string; generation: string; cursor: string | null; count: string; sum: string | null }>(
    db,
    `SELECT o.region, o.generation, d.cursor, d.count, d.sum FROM origin o, (
       SELECT max(published_cursor) AS cursor, count(*) AS count,
              sum(('x' || encode(substr(sha256(convert_to(key || E'\\n' || published_cursor, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric) AS sum
       FROM directory_entry WHERE published_cursor IS NOT NULL) d`,
  );
  if (!row) throw new Error('the origin row is missing');
  return {
    region: row.region,
    generation: row.generation,
    cursor: Number(row.cursor ?? 0),
    count: Number(row.count),
    // The sum is over signed numbers; modulo 2^64 that is the same.
    root: formatRoot(BigInt.asUintN(64, BigInt(row.sum ?? '0'))),
  };
};

/** Identifies the database that gives the cursors. */
export const readGeneration = async (db: Queryable): Promise<string> => {
  const [row] = await rowsOf<{ generation: string }>(db, 'SELECT generation FROM origin');
  if (!row) throw new Error('the origin row is missing');
  return row.generation;
};
