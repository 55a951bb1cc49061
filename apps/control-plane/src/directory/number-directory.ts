import type { RouteBody } from '@lapidary/contracts/directory';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';

/** What became of an entry, and who must hear of it beside the routers. */
export interface NumberedEntry {
  readonly key: string;
  readonly cursor: number;
  readonly body: RouteBody;
  /** Stamp of this region that must hold the tenant. */
  readonly stamp: string | null;
  readonly previousStamp: string | null;
}

interface Row {
  readonly key: string;
  readonly cursor: string;
  readonly body: RouteBody;
  readonly stamp: string | null;
  readonly previous_stamp: string | null;
}

export const toNumbered = (row: Row): NumberedEntry => ({
  key: row.key,
  cursor: Number(row.cursor),
  body: row.body,
  stamp: row.stamp,
  previousStamp: row.previous_stamp,
});

/** One statement's worth; the lock on `origin` is held for some 10 ms. */
const numberedAtOnceMax = 1_000;

/**
 * Gives cursors to changed entries. Returns them. The lock on `origin` makes numbering one after the other, so an
 * entry's next cursor is higher than any given before: the higher cursor is the newer state. An entry that is just being
 * changed again is skipped, since waiting for its lock would hold up all others; whoever holds it notifies at its commit,
 * whether the entry came out changed or not (record-route.ts).
 */
export const numberDirectory = async (dataSource: DataSource): Promise<NumberedEntry[]> => {
  const [waiting] = await rowsOf(dataSource, 'SELECT 1 FROM directory_entry WHERE cursor IS NULL LIMIT 1');
  if (!waiting) return [];
  return await inTransaction(dataSource, async (tx) => {
    await tx.query('SELECT 1 FROM origin FOR UPDATE');
    const numbered = await rowsOf<Row>(
      tx,
      `WITH free AS (
         SELECT key, committed_at FROM directory_entry WHERE cursor IS NULL
         ORDER BY committed_at, key LIMIT $1 FOR UPDATE SKIP LOCKED
       ), picked AS (SELECT key, row_number() OVER (ORDER BY committed_at, key) AS n FROM free)
       UPDATE directory_entry d SET cursor = origin.cursor + picked.n
       FROM picked, origin WHERE d.key = picked.key
       RETURNING d.key, d.cursor, d.body, d.stamp, d.previous_stamp`,
      [numberedAtOnceMax],
    );
    if (numbered.length > 0) await tx.query('UPDATE origin SET cursor = cursor + $1', [numbered.length]);
    return numbered.map(toNumbered);
  });
};
