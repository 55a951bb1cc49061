import { geoEvents, geoStream } from '@lapidary/contracts/subjects';
import { EventEnvelopeSchema } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { z } from 'zod';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import type { RegionKeys } from '@lapidary/messaging/region-keys';
import { deleteStream, ensureStream, geoStreamShape, lastPublished, streamState } from '@lapidary/messaging/streams';
import type { DataSource } from 'typeorm';
import type { KnownOfLog } from '@lapidary/replication/recovery/judge-log';
import { noticeSetBack } from '../fence/notice-set-back.js';
import { readOrigin } from './outbox-rows.js';
import { messageId } from './publish-outbox.js';
import { publishAgainFrom, publishedThrough } from './published-through.js';

/** More than this is not put back into the stream; peers that lack more fill the gap from the outbox anyhow. */
export const republishedMax = 10_000;

/**
 * Where the stream really ends, told by its newest message and not by its counters; null: it is empty, or ends in what no relay of ours has
 * published, which is no word on how long the log was.
 */
const streamEnd = async (nats: NatsLink, region: string, keys?: RegionKeys): Promise<KnownOfLog | null> => {
  const subject = geoEvents(region);
  const message = await lastPublished(nats, geoStream(region), subject);
  if (!message || keys?.faultOf(region, saidInStream(subject), message.data, message.signature)) return null;
  try {
    const { data: events } = z.array(EventEnvelopeSchema).min(1).safeParse(unpackBatch(message.data));
    const last = events?.at(-1);
    if (!events || last?.originregion !== region || message.id !== messageId(events)) return null;
    const { originepoch: epoch, originsequence: sequence, id: event } = last;
    return { epoch, sequence, last: { sequence, event } };
  } catch {
    return null;
  }
};

const leastAcknowledged = async (dataSource: DataSource, epoch: number): Promise<number> => {
  const [row] = await rowsOf<{ least: string | null }>(dataSource, 'SELECT min(sequence) AS least FROM peer_ack WHERE epoch = $1', [epoch]);
  return Number(row?.least ?? 0);
};

/**
 * Makes the stream anew where it holds contents from before their tenant had a residency (I3). Only whoever publishes may do it, between
 * two rounds: then nothing that was read before is published after. Readers notice, and ask the outbox for what they lack.
 */
export const purgeStream = async (dataSource: DataSource, nats: NatsLink): Promise<void> => {
  const wanted = await rowsOf<{ tenant: string; wanted_at: string }>(
    dataSource,
    'SELECT tenant, wanted_at::text AS wanted_at FROM stream_purge',
  );
  if (wanted.length === 0) return;
  const shape = geoStreamShape((await readOrigin(dataSource)).region);
  if (await streamState(nats, shape.name)) await deleteStream(nats, shape.name);
  await ensureStream(nats, shape);
  for (const { tenant, wanted_at } of wanted)
    await dataSource.query('DELETE FROM stream_purge WHERE tenant = $1 AND wanted_at = $2::timestamptz', [tenant, wanted_at]);
};

/**
 * Makes the stream where it is missing, and puts back what it once acknowledged and no longer has: it was deleted, or its
 * server lost its disk or its last writes (2.9.10 syncs lazily; lab 1.5). Returns how many events will go out again; `set-back` where
 * the stream has what the log has not, so that it is the database that lost something.
 */
export const repairStream = async (dataSource: DataSource, nats: NatsLink, keys?: RegionKeys): Promise<number | 'set-back'> => {
  const origin = await readOrigin(dataSource);
  // Read before the stream: it only grows, so a stream that is behind it has really lost something.
  const published = await publishedThrough(dataSource);
  await ensureStream(nats, geoStreamShape(origin.region));
  const last = await streamEnd(nats, origin.region, keys);
  if (last && (await noticeSetBack(dataSource, 'stream', last, await readOrigin(dataSource)))) return 'set-back';
  const end = last?.epoch === origin.epoch ? last.sequence : 0;
  if (end >= published) return 0;
  const from = Math.max(end === 0 ? await leastAcknowledged(dataSource, origin.epoch) : end, published - republishedMax);
  return await publishAgainFrom(dataSource, from + 1);
};
