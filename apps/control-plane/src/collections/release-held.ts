import type { HeldChangeView } from '@lapidary/contracts/api/replication';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';

/** One transaction's worth. */
const releasedAtOnceMax = 100;

/**
 * Takes in what was held because its time was too far ahead, once it has come. `takeIn` applies it, or parks what can't be applied, so
 * that nothing waits behind it. Returns how many.
 */
export const releaseHeld = async (dataSource: DataSource, takeIn: (tx: Tx, event: EventEnvelope) => Promise<void>): Promise<number> =>
  await inTransaction(dataSource, async (tx) => {
    const due = await rowsOf<{ event_id: string; event: EventEnvelope }>(
      tx,
      'SELECT event_id, event FROM held_change WHERE due_at <= clock_timestamp() ORDER BY due_at, event_id LIMIT $1 FOR UPDATE SKIP LOCKED',
      [releasedAtOnceMax],
    );
    for (const { event } of due) await takeIn(tx, event);
    await tx.query('DELETE FROM held_change WHERE event_id = ANY ($1)', [due.map((d) => d.event_id)]);
    return due.length;
  });

export const heldChanges = async (reader: Reader): Promise<ReadonlyMap<string, number>> => {
  const rows = await rowsOf<{ origin: string; held: number }>(
    reader,
    'SELECT origin, count(*)::int AS held FROM held_change GROUP BY origin',
  );
  return new Map(rows.map((r) => [r.origin, r.held]));
};

/** One row more than `limit`, by event; without contents, which wait here only to be applied. */
export const listHeld = async (reader: Reader, after: string | null, limit: number): Promise<HeldChangeView[]> => {
  const rows = await rowsOf<{ event_id: string; origin: string; subject: string; due_at: Date; held_at: Date }>(
    reader,
    `SELECT event_id, origin, event->>'subject' AS subject, due_at, held_at FROM held_change
      WHERE $1::text IS NULL OR event_id > $1 ORDER BY event_id LIMIT $2`,
    [after, limit + 1],
  );
  return rows.map((row) => ({
    event: row.event_id,
    origin: row.origin,
    subject: row.subject,
    heldAt: row.held_at.toISOString(),
    dueAt: row.due_at.toISOString(),
  }));
};
