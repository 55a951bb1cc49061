import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoEvents } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { packEvents, type Batch } from '@lapidary/messaging/packed-batch';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import type { RegionKeys } from '@lapidary/messaging/region-keys';
import { publishToStream } from '@lapidary/messaging/streams';
import type { DataSource } from 'typeorm';
import { eventsBetween, readOrigin } from './outbox-rows.js';
import { markPublished, publishedThrough } from './published-through.js';

/**
 * An event is waiting (committed), then numbered, then on its way, then stored (acknowledged by the stream), then marked. A relay may be
 * killed at any wait between them, and another one, or two at once, go on from what the database says:
 *
 *   O1  all up to the mark was acknowledged by the stream: the mark stops before the first message that was not, whatever is stored behind it
 *   O2  the mark moves on only from where it was read (compare and set): a relay that was overtaken moves nothing
 *   O3  nobody is told of an event as published before it is marked
 *   O4  once a relay lives long enough all is stored and marked; what was stored twice, or behind a hole, readers skip or fill by the
 *       origin's sequence, so that it takes effect once and in order (I5, I6)
 *
 * A message that the stream never takes holds back the mark, and with it what `lapidary_outbox_depth` and its age show; other regions
 * have its events and those behind it from the outbox all the same.
 */
export interface PublishLimits {
  /** Rows read, and on their way, at once. */
  readonly readAtOnce: number;
  /** Then whoever publishes looks again whether the stream must be made anew (stream-check.ts), which may not wait for a long backlog to end. */
  readonly pieces: number;
}

/** Eight messages on their way at once, or more of large events (lab 1.6: beyond some 64 nothing is gained); a crash repeats at most these. */
const limitsDefault: PublishLimits = { readAtOnce: 4_000, pieces: 5 };

/** Of a message of these events, by which what a relay has published is known. */
export const messageId = (events: readonly EventEnvelope[]): string => {
  const first = events[0]!;
  return `${first.originregion}:${first.originepoch}:${first.originsequence}-${events.at(-1)!.originsequence}`;
};

interface Stored {
  readonly events: readonly EventEnvelope[];
  /** Why the rest could not be stored. */
  readonly failure: PromiseRejectedResult | undefined;
}

/** Publishes all at once. What is stored behind one that failed counts for nothing: it is published again, and readers skip repeats. */
const publishAll = async (nats: NatsLink, region: string, batches: readonly Batch[], keys?: RegionKeys): Promise<Stored> => {
  const subject = geoEvents(region);
  const said = saidInStream(subject);
  const outcomes = await Promise.allSettled(
    batches.map(async ({ events, packed }) => publishToStream(nats, subject, packed, messageId(events), keys?.sign(said, packed))),
  );
  const end = outcomes.findIndex(({ status }) => status === 'rejected');
  return {
    events: (end === -1 ? batches : batches.slice(0, end)).flatMap(({ events }) => events),
    failure: outcomes.find((outcome) => outcome.status === 'rejected'),
  };
};

/**
 * Publishes what is numbered and not yet published, and moves the mark once the stream has it. A crash between the two repeats
 * events; readers go by the origin's sequence and skip them (I5, P-OB1). While one piece is on its way and marked, the next is packed, and the
 * one behind it read; it is sent once the mark has come to it. `onMarked` hears of each piece. Returns the events published.
 */
export const publishOutbox = async (
  dataSource: DataSource,
  nats: NatsLink,
  { readAtOnce, pieces }: PublishLimits = limitsDefault,
  keys?: RegionKeys,
  onMarked: (events: readonly EventEnvelope[]) => void = () => undefined,
): Promise<EventEnvelope[]> => {
  const origin = await readOrigin(dataSource);
  const done: EventEnvelope[] = [];
  const readAfter = (sequence: number): Promise<EventEnvelope[]> => {
    const reading = eventsBetween(dataSource, origin, sequence + 1, origin.sequence, readAtOnce);
    reading.catch(() => undefined); // nobody waits for it where the piece before it fails
    return reading;
  };
  let from = await publishedThrough(dataSource);
  /** Whether what follows may be sent. What was marked is told, though the rest failed: that is met again in the next round. */
  const send = async (batches: readonly Batch[]): Promise<boolean> => {
    const { events, failure } = await publishAll(nats, origin.region, batches, keys);
    const through = events.at(-1)?.originsequence;
    if (through !== undefined) {
      if (!(await markPublished(dataSource, from, through))) return false;
      from = through;
      done.push(...events);
      onMarked(events);
    }
    if (failure && done.length === 0) throw failure.reason;
    return !failure;
  };
  let sending = Promise.resolve(true);
  try {
    let coming = readAfter(from);
    for (let piece = 1; piece <= pieces; piece += 1) {
      const events = await coming;
      if (events.length === 0) break;
      const isLast = events.length < readAtOnce || piece === pieces;
      if (!isLast) coming = readAfter(events.at(-1)!.originsequence);
      const batches = await packEvents(events);
      if (!(await sending)) break;
      sending = send(batches);
      sending.catch(() => undefined); // it is met where it is waited for
      if (isLast) break;
    }
  } finally {
    // Also where the next piece could not be read: nobody begins anew while this one is on its way.
    await sending;
  }
  return done;
};
