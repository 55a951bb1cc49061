import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoEvents } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { packEvents } from '@lapidary/messaging/packed-batch';
import { publishToStream } from '@lapidary/messaging/streams';
import type { DataSource } from 'typeorm';
import { eventsBetween, readOrigin } from './outbox-rows.js';
import { markPublished, publishedThrough } from './published-through.js';

/** Eight messages on their way at once, or more of large events (lab 1.6: beyond some 64 nothing is gained); a crash repeats at most these. */
const readAtOnceMax = 4_000;
/** Then whoever publishes looks again whether the stream must be made anew (stream-check.ts), which may not wait for a long backlog to end. */
const piecesMax = 5;

const messageId = (events: readonly EventEnvelope[]): string => {
  const first = events[0]!;
  return `${first.originregion}:${first.originepoch}:${first.originsequence}-${events.at(-1)!.originsequence}`;
};

interface Stored {
  readonly events: readonly EventEnvelope[];
  /** Why the rest could not be stored. */
  readonly failure: PromiseRejectedResult | undefined;
}

/** Publishes all at once. What is stored behind one that failed counts for nothing: it is published again, and readers skip repeats. */
const publishAll = async (nats: NatsLink, region: string, some: readonly EventEnvelope[]): Promise<Stored> => {
  const batches = await packEvents(some);
  const outcomes = await Promise.allSettled(
    batches.map(async ({ events, packed }) => publishToStream(nats, geoEvents(region), packed, messageId(events))),
  );
  const end = outcomes.findIndex(({ status }) => status === 'rejected');
  return {
    events: (end === -1 ? batches : batches.slice(0, end)).flatMap(({ events }) => events),
    failure: outcomes.find((outcome) => outcome.status === 'rejected'),
  };
};

/**
 * Publishes what is numbered and not yet published, and moves the mark once the stream has it. A crash between the two repeats
 * events; readers go by the origin's sequence and skip them (I5, P-OB1). The next piece is read while one is on its way. Returns the
 * events published.
 */
export const publishOutbox = async (dataSource: DataSource, nats: NatsLink): Promise<EventEnvelope[]> => {
  const origin = await readOrigin(dataSource);
  const done: EventEnvelope[] = [];
  const readAfter = (sequence: number): Promise<EventEnvelope[]> => {
    const reading = eventsBetween(dataSource, origin, sequence + 1, origin.sequence, readAtOnceMax);
    reading.catch(() => undefined); // nobody waits for it where the piece before it fails
    return reading;
  };
  let from = await publishedThrough(dataSource);
  let coming = readAfter(from);
  for (let piece = 1; piece <= piecesMax; piece += 1) {
    const events = await coming;
    if (events.length === 0) break;
    const isLast = events.length < readAtOnceMax || piece === piecesMax;
    if (!isLast) coming = readAfter(events.at(-1)!.originsequence);
    const { events: stored, failure } = await publishAll(nats, origin.region, events);
    const through = stored.at(-1)?.originsequence;
    if (through !== undefined && !(await markPublished(dataSource, from, through))) break;
    done.push(...stored);
    // What was marked is told; the rest is met again in the next round.
    if (failure && done.length === 0) throw failure.reason;
    if (failure || isLast) break;
    from = through!;
  }
  return done;
};
