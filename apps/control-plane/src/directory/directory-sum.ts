import type { DirectoryDigest } from '@lapidary/contracts/directory';
import { formatRoot } from '@lapidary/contracts/directory-digest';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';

type Queryable = Pick<Tx, 'query'>;

/** What the rows themselves add up to; some 1 µs for each of them. The same sum as entryHash in contracts/directory-digest.ts. */
const fromRows = `SELECT count(published_cursor) AS count, coalesce(sum(directory_entry_hash(key, published_cursor)), 0) AS sum FROM directory_entry`;

const kept = 'SELECT coalesce(sum(count), 0) AS count, coalesce(sum(sum), 0) AS sum FROM directory_sum';

/** Digest of what was published, of one moment. Kept by triggers in the transactions that mark entries, so it costs a few rows. */
export const readDigest = async (db: Queryable): Promise<DirectoryDigest> => {
  const [row] = await rowsOf<{ region: string; generation: string; cursor: string | null; count: string; sum: string }>(
    db,
    `SELECT o.region, o.generation, k.count, k.sum,
            (SELECT max(published_cursor) FROM directory_entry WHERE published_cursor IS NOT NULL) AS cursor
       FROM origin o, (${kept}) k`,
  );
  if (!row) throw new Error('the origin row is missing');
  return {
    region: row.region,
    generation: row.generation,
    cursor: Number(row.cursor ?? 0),
    count: Number(row.count),
    // The sum is over signed numbers; modulo 2^64 that is the same.
    root: formatRoot(BigInt.asUintN(64, BigInt(row.sum))),
  };
};

/** Makes one row of what writers have added. Two at once make two rows of it, each of its own share. */
export const foldSum = async (db: Queryable): Promise<void> => {
  await db.query(
    `WITH gone AS (DELETE FROM directory_sum RETURNING count, sum)
     INSERT INTO directory_sum SELECT sum(count), sum(sum) FROM gone HAVING count(*) > 0`,
  );
};

/**
 * Proves the kept sum by the rows, and makes it right where it is not. One statement reads both, so both are of one moment, and adds what is
 * missing, which is the same whatever is being marked meanwhile: nobody waits for it. Two at once would add it twice, which the next one finds.
 * Returns whether it was right.
 */
export const proveSum = async (db: Queryable): Promise<boolean> =>
  (
    await rowsOf(
      db,
      `INSERT INTO directory_sum SELECT r.count - k.count, r.sum - k.sum FROM (${kept}) k, (${fromRows}) r
        WHERE r.count <> k.count OR r.sum <> k.sum RETURNING 1`,
    )
  ).length === 0;
