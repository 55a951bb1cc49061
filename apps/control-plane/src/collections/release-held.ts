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
    const due = await rowsOf<{ event_id: string; origin: string; event: EventEnvelope }>(
      tx,
      `SELECT event_id, origin, event FROM held_change WHERE due_at <= clock_timestamp()
        ORDER BY due_at, event_id, origin LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [releasedAtOnceMax],
    );
    for (const { event } of due) await takeIn(tx, event);
    await tx.query(
      'DELETE FROM held_change h USING unnest($1::text[], $2::text[]) AS d(id, origin) WHERE h.event_id = d.id AND h.origin = d.origin',
      [due.map((d) => d.event_id), due.map((d) => d.origin)],
    );
    return due.length;
  });

export const heldChanges = async (reader: Reader): Promise<ReadonlyMap<string, number>> => {
  const rows = await rowsOf<{ origin: string; held: number }>(
    reader,
    'SELECT origin, count(*)::int AS held FROM held_change GROUP BY origin',
  );
  return new Map(rows.map((r) => [r.origin, r.held]));
};

/** A page's place among what is held: an event's id is its origin's to give. `after` is what this returned. */
export const heldKeyOf = ({ event, origin }: Pick<HeldChangeView, 'event' | 'origin'>): string => `${event} ${origin}`;

/** One row more than `limit`, by event and origin; without contents, which wait here only to be applied. */
export const listHeld = async (reader: Reader, after: string | null, limit: number): Promise<HeldChangeView[]> => {
  const rows = await rowsOf<{ event_id: string; origin: string; subject: string; due_at: Date; held_at: Date }>(
    reader,
    `SELECT event_id, origin, event->>'subject' AS subject, due_at, held_at FROM held_change
      WHERE (event_id, origin) > ($1, $2) ORDER BY event_id, origin LIMIT $3`,
    [...placeOf(after), limit + 1],
  );
  return rows.map((row) => ({
    event: row.event_id,
    origin: row.origin,
    subject: row.subject,
    heldAt: row.held_at.toISOString(),
    dueAt: row.due_at.toISOString(),
  }));
};

/** Event and origin; before everything where there is none. A cursor of an older version names the event alone. */
const placeOf = (after: string | null): readonly [string, string] => {
  const at = after?.lastIndexOf(' ') ?? -1;
  return at < 0 ? [after ?? '', ''] : [after!.slice(0, at), after!.slice(at + 1)];
};
