import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';
import { isTelling } from '../fence/notice-set-back.js';

/** The lock on `origin`, for which the directory and the audit wait, is held for some 20 ms. */
export const numberedAtOnceMax = 5_000;

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
  const [waiting] = await rowsOf(dataSource, 'SELECT 1 FROM outbox_waiting LIMIT 1');
  if (!waiting) return 0;
  return await inTransaction(dataSource, async (tx) => {
    await tx.query('SELECT 1 FROM origin FOR UPDATE');
    // B2: what waits gets its numbers under the epoch that begins when the fence is lifted.
    if (!(await isTelling(tx))) return 0;
    // A statement of its own after the lock: its snapshot sees what the numberer before us did.
    const [numbered] = await rowsOf<{ count: number }>(
      tx,
      `WITH taken AS (
         DELETE FROM outbox_waiting WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox_waiting ORDER BY position LIMIT $1)) RETURNING position),
       given AS (
         INSERT INTO outbox_number (sequence, position)
         SELECT origin.sequence + row_number() OVER (ORDER BY position), position FROM taken, origin ORDER BY position RETURNING 1),
       counted AS (SELECT count(*)::int AS count FROM given)
       UPDATE origin SET sequence = sequence + counted.count FROM counted RETURNING counted.count`,
      [limit],
    );
    return numbered!.count;
  });
};
