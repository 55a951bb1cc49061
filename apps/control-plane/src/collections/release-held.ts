import type { HeldChangeView } from '@lapidary/contracts/api/replication';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';

/** One transaction's worth. */
const releasedAtOnceMax = 100;

type TakeIn = (tx: Tx, event: EventEnvelope) => Promise<void>;

export interface Released {
  readonly taken: number;
  /** Not taken in, and why: still held, to be tried in the next round. */
  readonly failed: readonly { readonly event: string; readonly origin: string; readonly error: unknown }[];
}

interface Due {
  readonly event_id: string;
  readonly origin: string;
  readonly due_at: string;
  readonly event: EventEnvelope;
}
type Key = Pick<Due, 'event_id' | 'origin'>;

/**
 * Takes in all that was held because its time was too far ahead, once it has come: a clock that was ahead for an hour leaves as much as its
 * region wrote in that hour, due at the pace at which it was written. `takeIn` applies a change, or parks what can't be applied. Where it
 * fails for another reason (a lock, a fault of this code), its piece is gone through one by one: nothing waits behind it.
 */
export const releaseHeld = async (dataSource: DataSource, takeIn: TakeIn): Promise<Released> => {
  const failed: Released['failed'][number][] = [];
  let taken = 0;
  let after: Due | null = null;
  for (;;) {
    const due: readonly Due[] = await dueAfter(dataSource, after);
    try {
      taken += await takeSome(dataSource, due, takeIn);
    } catch {
      for (const one of due) {
        try {
          taken += await takeSome(dataSource, [one], takeIn);
        } catch (error) {
          failed.push({ event: one.event_id, origin: one.origin, error });
        }
      }
    }
    after = due.at(-1) ?? null;
    if (due.length < releasedAtOnceMax) return { taken, failed };
  }
};

/** The next that are due; what failed is passed over. The time as text: with microseconds, which a Date has not. */
const dueAfter = async (reader: Reader, after: Due | null): Promise<readonly Due[]> =>
  await rowsOf<Due>(
    reader,
    `SELECT event_id, origin, due_at::text, event FROM held_change
      WHERE due_at <= clock_timestamp() AND (due_at, event_id, origin) > ($1::timestamptz, $2, $3)
      ORDER BY due_at, event_id, origin LIMIT $4`,
    [after?.due_at ?? '-infinity', after?.event_id ?? '', after?.origin ?? '', releasedAtOnceMax],
  );

/** In one transaction; returns how many. One that a replica beside this one has at hand, or has taken in, is left to it. */
const takeSome = async (dataSource: DataSource, due: readonly Due[], takeIn: TakeIn): Promise<number> => {
  if (due.length === 0) return 0;
  return await inTransaction(dataSource, async (tx) => {
    const gone = new Set((await deleteHeld(tx, due)).map(nameOf));
    const ours = due.filter((one) => gone.has(nameOf(one)));
    for (const { event } of ours) await takeIn(tx, event);
    return ours.length;
  });
};

const nameOf = ({ event_id, origin }: Key): string => `${event_id} ${origin}`;

const deleteHeld = async (tx: Tx, due: readonly Key[]): Promise<readonly Key[]> =>
  await rowsOf<Key>(
    tx,
    `DELETE FROM held_change h USING (
       SELECT h.event_id, h.origin FROM held_change h JOIN unnest($1::text[], $2::text[]) AS d(id, origin) ON h.event_id = d.id AND h.origin = d.origin
          FOR UPDATE OF h SKIP LOCKED) AS d
      WHERE h.event_id = d.event_id AND h.origin = d.origin RETURNING h.event_id, h.origin`,
    [due.map((d) => d.event_id), due.map((d) => d.origin)],
  );

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
