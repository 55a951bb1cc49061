import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';

/** What is published at once; the lock on `origin` is held for some 20 ms. */
export const numberedAtOnceMax = 2_000;

/**
 * Gives origin sequences to committed rows, without holes. Returns how many.
 *
 * I5, I6: the order is causal. The lock on `origin` makes numbering one after the other, so each round numbers exactly
 * what is visible and has no number. If B depends on A (B saw A's commit, or waited for A's lock), then A is visible
 * wherever B is, and A's row was inserted before B's; so A comes in an earlier round, or earlier in this one.
 *
 * Deliberately not "ORDER BY xid WHERE xid < snapshot xmin": a transaction may get its xid before one whose lock it then
 * waits for, so the later change would be numbered first; and one long transaction would hold up every event.
 */
export const numberOutbox = async (dataSource: DataSource, limit: number = numberedAtOnceMax): Promise<number> => {
  const [waiting] = await rowsOf(dataSource, 'SELECT 1 FROM outbox WHERE origin_sequence IS NULL LIMIT 1');
  if (!waiting) return 0;
  return await inTransaction(dataSource, async (tx) => {
    await tx.query('SELECT 1 FROM origin FOR UPDATE');
    // A statement of its own after the lock: its snapshot sees what the numberer before us did.
    const numbered = await rowsOf(
      tx,
      `WITH picked AS (
         SELECT position, row_number() OVER (ORDER BY position) AS n
         FROM (SELECT position FROM outbox WHERE origin_sequence IS NULL ORDER BY position LIMIT $1) AS first
       )
       UPDATE outbox o SET origin_sequence = origin.sequence + picked.n, origin_epoch = origin.epoch
       FROM picked, origin WHERE o.position = picked.position
       RETURNING 1`,
      [limit],
    );
    if (numbered.length > 0) await tx.query('UPDATE origin SET sequence = sequence + $1', [numbered.length]);
    return numbered.length;
  });
};
