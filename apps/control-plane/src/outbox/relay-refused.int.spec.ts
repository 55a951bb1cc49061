import { geoStream } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { jetstreamManager } from '@nats-io/jetstream';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { replicationMetrics } from '../replication/metrics.js';
import { readPosition } from '../replication/peer-position.js';
import { oneTo, openTwoRegions, pullerOf } from '../replication/testing/two-regions.js';
import { outboxMetrics } from './metrics.js';
import { outboxBacklog, publishedThrough } from './published-through.js';
import { OutboxRelay } from './relay.js';
import { servePeers } from './serve-peers.js';
import { tellOfStamp } from './testing/test-region.js';

/** Smaller than any message of an event: the stream refuses it each time, as it would one that is too large for it. */
const tooSmallBytes = 64;

it('a message that the stream never takes holds back the mark, is seen by its depth and age, and costs no peer an event (O1, I5)', async () => {
  const { eu, us, close } = await openTwoRegions();
  const stop = new AbortController();
  const serving = servePeers(eu.nats, eu.dataSource, eu.name, [us.name], () => undefined);
  const metrics = createMetrics(outboxMetrics, { processMetrics: false });
  const published: number[] = [];
  const relay = new OutboxRelay({ ...eu, metrics, onPublished: (events) => published.push(...events.map((e) => e.originsequence)) });
  const told: number[] = [];
  const peerMetrics = createMetrics(replicationMetrics, { processMetrics: false });
  const puller = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)), peerMetrics);
  const limitMessages = async (bytes: number): Promise<void> => {
    const { streams } = await jetstreamManager(eu.nats.connection, { checkAPI: false });
    await streams.update(geoStream(eu.name), { max_msg_size: bytes });
  };
  const reached = async (sequence: number): Promise<void> => {
    await waitFor(`event ${sequence}`, async () => (await readPosition(us.dataSource, eu.name)).sequence >= sequence || undefined, {
      timeoutMs: 60_000,
    });
  };
  const running = [relay.lead(stop.signal), puller.lead(stop.signal)];
  try {
    for (const i of oneTo(3)) await tellOfStamp(eu, i);
    relay.wake();
    await waitFor('the first to be published', () => published.length === 3 || undefined, { timeoutMs: 60_000 });
    await reached(3);
    await limitMessages(tooSmallBytes);
    for (const i of oneTo(5)) await tellOfStamp(eu, i, 2);
    relay.wake();
    // From the outbox, which the reader asks once it sees that the log has grown and nothing comes.
    await reached(8);
    expect([await publishedThrough(eu.dataSource), published]).toEqual([3, oneTo(3)]);
    const backlog = await outboxBacklog(eu.dataSource);
    expect([backlog.depth, backlog.ageSeconds > 0]).toEqual([5, true]);
    const shown = async (name: 'lapidary_outbox_depth' | 'lapidary_outbox_age_seconds'): Promise<number> =>
      (await metrics[name].get()).values[0]!.value;
    await waitFor('the depth to be shown', async () => (await shown('lapidary_outbox_depth')) === 5 || undefined, { timeoutMs: 60_000 });
    expect(await shown('lapidary_outbox_age_seconds')).toBeGreaterThan(0);
    // Written, numbered and taken in meanwhile as ever.
    await tellOfStamp(eu, 9);
    await reached(9);
    await limitMessages(-1);
    await waitFor('the mark', async () => (await publishedThrough(eu.dataSource)) === 9 || undefined, { timeoutMs: 60_000 });
    expect(published).toEqual(oneTo(9));
    expect(told).toEqual(oneTo(9));
    const inbox = await rowsOf<{ sequence: string }>(us.dataSource, 'SELECT sequence FROM inbox WHERE origin = $1 ORDER BY sequence', [
      eu.name,
    ]);
    expect(inbox.map(({ sequence }) => Number(sequence))).toEqual(oneTo(9));
  } finally {
    stop.abort();
    await Promise.all(running);
    for (const end of serving) end();
    await close();
  }
});
