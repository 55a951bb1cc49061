import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';
import { applyHeld, type CollectionApplyTools } from './apply-collection.js';

/** One transaction's worth. */
const releasedAtOnceMax = 100;

/** Applies changes that were held because their time was too far ahead, once it has come. Returns how many. */
export const releaseHeld = async (dataSource: DataSource, tools: CollectionApplyTools): Promise<number> =>
  await inTransaction(dataSource, async (tx) => {
    const due = await rowsOf<{ event_id: string; event: EventEnvelope }>(
      tx,
      'SELECT event_id, event FROM held_change WHERE due_at <= clock_timestamp() ORDER BY due_at, event_id LIMIT $1 FOR UPDATE SKIP LOCKED',
      [releasedAtOnceMax],
    );
    for (const { event } of due) await applyHeld(tx, event, tools);
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
