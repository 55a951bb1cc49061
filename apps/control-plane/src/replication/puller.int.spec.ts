import { BackfillRequestSchema } from '@lapidary/contracts/events/envelope';
import { AckRequestSchema } from '@lapidary/contracts/events/peer-link';
import { geoAck, geoBackfill, geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { deleteStream, ensureStream, geoStreamShape, streamState } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { answerAck, answerBackfill } from '../outbox/backfill.js';
import { outboxMetrics } from '../outbox/metrics.js';
import { numberOutbox } from '../outbox/number-outbox.js';
import { publishOutbox } from '../outbox/publish-outbox.js';
import { OutboxRelay } from '../outbox/relay.js';
import { tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { readConvergence } from './convergence-rows.js';
import { replicationMetrics } from './metrics.js';
import { readPosition } from './peer-position.js';
import { oneTo, openTwoRegions, pullerOf } from './testing/two-regions.js';

let eu: TestRegion;
let us: TestRegion;
let close: () => Promise<void>;

beforeEach(async () => {
  ({ eu, us, close } = await openTwoRegions());
});
afterEach(async () => close());

describe('the link', () => {
  it('carries everything, through a deleted stream, missing messages and a peer that is asked late', async () => {
    const askedFrom: number[] = [];
    const serving = [
      eu.nats.serveJson(geoBackfill(eu.name, us.name), BackfillRequestSchema, async (r) => {
        askedFrom.push(r.from);
        return answerBackfill(eu.dataSource, r);
      }),
      eu.nats.serveJson(geoAck(eu.name, us.name), AckRequestSchema, async (r) => answerAck(eu.dataSource, us.name, r)),
    ];
    const relay = new OutboxRelay({
      ...eu,
      metrics: createMetrics(outboxMetrics, { processMetrics: false }),
      onPublished: () => undefined,
    });
    const stop = new AbortController();
    const told: number[] = [];
    const metrics = createMetrics(replicationMetrics, { processMetrics: false });
    const puller = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)), metrics);
    const reached = async (sequence: number): Promise<void> => {
      await waitFor(
        `event ${sequence}`,
        async () => ((await readPosition(us.dataSource, eu.name)).sequence >= sequence ? true : undefined),
        { timeoutMs: 60_000 },
      );
    };
    for (const i of oneTo(30)) await tellOfStamp(eu, i);
    await numberOutbox(eu.dataSource);
    const pulling = puller.lead(stop.signal); // no stream yet: from the outbox
    await reached(30);
    const relaying = new AbortController();
    const leading = relay.lead(relaying.signal);
    for (const i of oneTo(30)) await tellOfStamp(eu, i, 2);
    await reached(60);
    await deleteStream(eu.nats, geoStream(eu.name));
    for (const i of oneTo(10)) await tellOfStamp(eu, i, 3);
    await reached(70);
    relaying.abort();
    await leading;
    for (const i of oneTo(5)) await tellOfStamp(eu, i, 4);
    await numberOutbox(eu.dataSource);
    await eu.dataSource.query('UPDATE outbox_published SET through = 73'); // never reached the stream
    await publishOutbox(eu.dataSource, eu.nats);
    await reached(75);
    await tellOfStamp(eu, 1, 5);
    await numberOutbox(eu.dataSource); // numbered, and the relay is dead
    await reached(76);
    await waitFor(
      'the time it took to be written down',
      async () => ((await readConvergence(us.dataSource)).get(eu.name)?.events === 76 ? true : undefined),
      { timeoutMs: 60_000 },
    );
    const { p50Ms, p99Ms } = (await readConvergence(us.dataSource)).get(eu.name)!;
    expect(p50Ms!).toBeGreaterThan(0);
    expect(p99Ms!).toBeGreaterThanOrEqual(p50Ms!);
    stop.abort();
    await pulling;
    expect(told).toEqual(oneTo(76));
    const gaps = async (): Promise<number> => (await metrics.lapidary_replication_gaps_total.get()).values[0]?.value ?? 0;
    const gapsBefore = await gaps();
    // Published one by one, as they are where people write one by one.
    for (const i of oneTo(250)) {
      await tellOfStamp(eu, 100 + i);
      await numberOutbox(eu.dataSource);
      await publishOutbox(eu.dataSource, eu.nats);
    }
    const streamSize = (await streamState(eu.nats, geoStream(eu.name)))!.lastSequence;
    expect(streamSize).toBeGreaterThanOrEqual(250);
    const asked = askedFrom.length;
    const again = new AbortController();
    const catchingUp = puller.lead(again.signal);
    await reached(326);
    // In one piece from the outbox, which reached as far as the origin said it stands; the stream is gone on with behind what it held.
    expect(askedFrom.slice(asked)).toEqual([77]);
    await waitFor(
      'the place in the stream',
      async () => (await readPosition(us.dataSource, eu.name)).streamHint >= streamSize || undefined,
      {
        timeoutMs: 60_000,
      },
    );
    expect(await gaps()).toBe(gapsBefore);
    again.abort();
    await catchingUp;
    expect(told).toEqual(oneTo(326));
    const acks: { sequence: string }[] = await eu.dataSource.query('SELECT sequence FROM peer_ack');
    expect(acks).toHaveLength(1);
    for (const end of serving) end();
  });

  it('that comes back misses nothing of what is told between the outbox’s last word and the stream’s first', async () => {
    const metrics = createMetrics(replicationMetrics, { processMetrics: false });
    await ensureStream(eu.nats, geoStreamShape(eu.name));
    await tellOfStamp(eu, 1);
    await numberOutbox(eu.dataSource);
    await publishOutbox(eu.dataSource, eu.nats);
    let greeted: () => void = () => undefined;
    const hasGreeted = new Promise<void>((resolve) => (greeted = resolve));
    const askedFrom: number[] = [];
    const serving = [
      eu.nats.serveJson(geoAck(eu.name, us.name), AckRequestSchema, async (r) => {
        const reply = await answerAck(eu.dataSource, us.name, r);
        greeted();
        return reply;
      }),
      eu.nats.serveJson(geoBackfill(eu.name, us.name), BackfillRequestSchema, async (r) => {
        askedFrom.push(r.from);
        const reply = await answerBackfill(eu.dataSource, r);
        // Told, and in the stream, after the answer was made and before the reader opens.
        if (askedFrom.length === 1) {
          await hasGreeted;
          await tellOfStamp(eu, 2);
          await numberOutbox(eu.dataSource);
          await publishOutbox(eu.dataSource, eu.nats);
        }
        return reply;
      }),
    ];
    const stop = new AbortController();
    const told: number[] = [];
    const pulling = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)), metrics).lead(stop.signal);
    await waitFor('the second', () => told.length === 2 || undefined, { timeoutMs: 60_000 });
    expect(told).toEqual([1, 2]);
    // It was looked for at once: no hole had to be found by its age.
    expect(askedFrom).toEqual([1, 2]);
    expect((await metrics.lapidary_replication_gaps_total.get()).values[0]?.value ?? 0).toBe(0);
    stop.abort();
    await pulling;
    for (const end of serving) end();
  });
});
