import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoEvents } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { packBatch, splitIntoBatches, type Batch } from '@lapidary/messaging/packed-batch';
import { publishToStream } from '@lapidary/messaging/streams';
import type { DataSource } from 'typeorm';
import { markPublished, readOrigin, unpublishedEvents } from './outbox-rows.js';

/** Ten full messages, or some thirty of changed documents; a crash in between repeats at most these. */
const readAtOnceMax = 2_000;
/** Messages on their way at once (lab 1.6: beyond some 64 nothing is gained). */
const windowMax = 32;

const messageId = (events: readonly EventEnvelope[]): string => {
  const first = events[0]!;
  return `${first.originregion}:${first.originepoch}:${first.originsequence}-${events.at(-1)!.originsequence}`;
};

const publishBatch = async (nats: NatsLink, region: string, batch: Batch): Promise<void> => {
  await publishToStream(nats, geoEvents(region), await packBatch(batch), messageId(batch.events));
};

/**
 * Publishes what is numbered and not yet published, and marks it once the stream has it. A crash between the two repeats
 * events; readers go by the origin's sequence and skip them (I5, P-OB1). Returns the events published.
 */
export const publishOutbox = async (dataSource: DataSource, nats: NatsLink): Promise<EventEnvelope[]> => {
  const origin = await readOrigin(dataSource);
  const batches = splitIntoBatches(await unpublishedEvents(dataSource, origin, readAtOnceMax));
  const done: EventEnvelope[] = [];
  for (let at = 0; at < batches.length; at += windowMax) {
    const window = batches.slice(at, at + windowMax);
    const outcomes = await Promise.allSettled(window.map((batch) => publishBatch(nats, origin.region, batch)));
    const stored = window.filter((_, i) => outcomes[i]?.status === 'fulfilled').flatMap(({ events }) => events);
    await markPublished(
      dataSource,
      stored.map((event) => event.originsequence),
    );
    done.push(...stored);
    const failed = outcomes.find((o) => o.status === 'rejected');
    if (failed) {
      if (done.length === 0) throw failed.reason;
      break; // what was marked is told; the rest is met again in the next pass
    }
  }
  return done;
};
