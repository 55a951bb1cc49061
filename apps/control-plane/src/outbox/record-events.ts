import type { EventData } from '@lapidary/contracts/events/registry';
import type { Tx } from '@lapidary/db/transaction';
import type { CollectionEvent } from '@lapidary/replication/collections/collection-store';
import type { CommandContext } from '../http/command-context.js';
import { outboxChannel, requireFits } from './record-event.js';

/** An event of a collection that is to be recorded with others. */
export interface EventToRecord<T extends CollectionEvent = CollectionEvent> {
  readonly id: string;
  readonly hlc: string;
  readonly type: T;
  readonly subject: string;
  readonly data: EventData<T>;
}

/** As recordEvent (I5), for many events about collections at once, which carry no claim of a name; they are numbered in this order. */
export const recordEvents = async (tx: Tx, context: CommandContext, events: readonly EventToRecord[]): Promise<void> => {
  if (events.length === 0) return;
  for (const { type, data } of events) requireFits(type, data);
  await tx.query(
    `WITH written AS (
       INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data)
       SELECT e.id, e.hlc, e.type, e.subject, $1, $2, e.data::jsonb
         FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS e(id, hlc, type, subject, data, n)
        ORDER BY e.n)
     SELECT pg_notify($8, '')`,
    [
      context.requestId,
      context.actor,
      events.map(({ id }) => id),
      events.map(({ hlc }) => hlc),
      events.map(({ type }) => type),
      events.map(({ subject }) => subject),
      events.map(({ data }) => JSON.stringify(data)),
      outboxChannel,
    ],
  );
};
