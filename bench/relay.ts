/**
 * `npm run bench:relay`: how fast the relay brings what is committed to the stream: numbered, packed, published, marked. A real
 * PostgreSQL (fsync on) and NATS server; the peer publishes one message for each event, as one does without packing. The floor is what no relay can
 * do without: the same statements, and messages of the same bytes that were made before. A relay with keys, which signs each message, beside it.
 */
import { performance } from 'node:perf_hooks';
import { inTransaction } from '@lapidary/db/transaction';
import { outboxMetrics } from '@lapidary/control-plane/outbox/metrics';
import { eventsBetween, readOrigin, rowsBetween } from '@lapidary/control-plane/outbox/outbox-rows';
import { numberOutbox } from '@lapidary/control-plane/outbox/number-outbox';
import { markPublished, outboxBacklog, publishedThrough } from '@lapidary/control-plane/outbox/published-through';
import { OutboxRelay } from '@lapidary/control-plane/outbox/relay';
import { publishLive } from '@lapidary/control-plane/live/live-event';
import { ensureOrigin } from '@lapidary/control-plane/regions/ensure-origin';
import { batchEventsMax } from '@lapidary/contracts/events/envelope';
import { geoEvents, geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { packEvents } from '@lapidary/messaging/packed-batch';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import { newRegionKey, RegionKeys } from '@lapidary/messaging/region-keys';
import { streamState, publishToStream } from '@lapidary/messaging/streams';
import { createLogger } from '@lapidary/telemetry/logger';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { withOwnDatabase, type OwnDatabase } from './own-database.ts';
import { report, type Measurement } from './report.ts';

const events = Number(process.env['LAPIDARY_BENCH_EVENTS'] ?? 40_000);
const rounds = 5;
const signedAtOnce = 2_000;
/** Messages on their way at once, of the peer: beyond this nothing is gained. */
const window = 64;
const region = 'bench';

/** A change of one field of one document each, some 600 bytes as an envelope. */
const fill = async (dataSource: OwnDatabase, count: number): Promise<void> => {
  await dataSource.query(
    `INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data)
     SELECT md5('id' || n || clock_timestamp()), '1735689600000.0000.bench', 'lapidary.document.changed.v1', 'document/items//item-' || n, md5('request' || n),
            'token:bench', jsonb_build_object('collection', 'items', 'tenant', '', 'id', 'item-' || n, 'kind', 'lww', 'whole', false, 'settled', '[]'::jsonb,
              'change', jsonb_build_object('fields', jsonb_build_object('price', jsonb_build_object('siblings', jsonb_build_array(jsonb_build_object(
                'at', '1735689600000.0000.bench', 'value', n)), 'seen', jsonb_build_object('bench', '1735689600000.0000.bench')))))
       FROM generate_series(1, $1::int) AS n`,
    [count],
  );
};

const perSecond = async (count: number, work: () => Promise<void>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - begun);
};

/** As the relay reads them. */
const readAtOnce = 4_000;

const samples = {
  relay: [] as number[],
  publish: [] as number[],
  single: [] as number[],
  floor: [] as number[],
  signed: [] as number[],
  signedCpu: [] as number[],
  signing: [] as number[],
  checking: [] as number[],
  cpu: [] as number[],
  floorCpu: [] as number[],
};
await withOwnDatabase(async (dataSource, natsUrl) => {
  await dataSource.query('ALTER SYSTEM SET fsync = on');
  await dataSource.query('SELECT pg_reload_conf()');
  await inTransaction(dataSource, async (tx) => ensureOrigin(tx, region));
  const logger = createLogger('bench', 'silent');
  const nats = new NatsLink({ url: natsUrl, name: 'bench', logger });
  await waitFor('NATS', () => nats.isConnected || undefined, { timeoutMs: 5_000 });
  const metrics = createMetrics(outboxMetrics, { processMetrics: false });
  const relay = new OutboxRelay({ dataSource, nats, logger, metrics, onPublished: (told) => publishLive(nats, region, told) });
  const relayAll = async (): Promise<void> => {
    while (await relay.pass());
  };
  const key = newRegionKey('bench-1');
  const keys = new RegionKeys(region, { keys: [key.own] });
  const signing = new OutboxRelay({ dataSource, nats, logger, metrics, keys, onPublished: (told) => publishLive(nats, region, told) });
  const signAll = async (): Promise<void> => {
    while (await signing.pass());
  };
  /** One message as it is: signed by who tells it, and looked at by who reads it. */
  const signatures = async (): Promise<void> => {
    const origin = await readOrigin(dataSource);
    const [message] = await packEvents(
      await eventsBetween(dataSource, origin, origin.sequence - batchEventsMax + 1, origin.sequence, batchEventsMax),
    );
    const reader = new RegionKeys('reader', undefined, { [region]: { keys: [key.told] } });
    const said = saidInStream(geoEvents(region));
    const perMessage = (work: () => void): number => {
      const begun = process.cpuUsage();
      for (let i = 0; i < signedAtOnce; i += 1) work();
      const { user, system } = process.cpuUsage(begun);
      return (user + system) / signedAtOnce;
    };
    const signature = keys.sign(said, message!.packed);
    samples.signing.push(perMessage(() => keys.sign(said, message!.packed)));
    samples.checking.push(
      perMessage(() => {
        if (reader.faultOf(region, said, message!.packed, signature) !== null) throw new Error('a true signature was refused');
      }),
    );
  };
  const oneByOne = async (): Promise<void> => {
    const origin = await readOrigin(dataSource);
    for (;;) {
      const from = await publishedThrough(dataSource);
      const some = await eventsBetween(dataSource, origin, from + 1, origin.sequence, window);
      if (some.length === 0) return;
      await Promise.all(some.map(async (event) => publishToStream(nats, geoEvents(region), JSON.stringify(event), event.id)));
      await markPublished(dataSource, from, some.at(-1)!.originsequence);
    }
  };
  /** Everything numbered, read as text, and gone out as what the first events were packed as: nothing is looked at. */
  const bare = async (): Promise<void> => {
    const origin = await readOrigin(dataSource);
    const first = await eventsBetween(
      dataSource,
      origin,
      (await publishedThrough(dataSource)) + 1,
      Number.MAX_SAFE_INTEGER,
      batchEventsMax,
    );
    const [ready] = first.length > 0 ? await packEvents(first) : [];
    const readAfter = async (sequence: number): Promise<number> => (await rowsBetween(dataSource, sequence + 1, 1e12, readAtOnce)).length;
    let from = await publishedThrough(dataSource);
    for (let coming = readAfter(from), messages = 0; ;) {
      const found = await coming;
      if (found === 0) return;
      coming = readAfter(from + found);
      const sent = Array.from({ length: Math.ceil(found / batchEventsMax) }, async () =>
        publishToStream(nats, geoEvents(region), ready!.packed, `bare-${from}-${messages++}`),
      );
      await Promise.all(sent);
      await markPublished(dataSource, from, from + found);
      from += found;
    }
  };
  const bareAll = async (): Promise<void> => {
    while ((await numberOutbox(dataSource)) > 0);
    await bare();
  };
  const node = async (into: number[], work: () => Promise<void>): Promise<void> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    into.push((user + system) / events);
  };
  for (let round = 0; round < rounds; round += 1) {
    await fill(dataSource, events);
    await node(samples.cpu, async () => void samples.relay.push(await perSecond(events, relayAll)));
    await fill(dataSource, events);
    await node(samples.signedCpu, async () => void samples.signed.push(await perSecond(events, signAll)));
    await signatures();
    await fill(dataSource, events);
    await node(samples.floorCpu, async () => void samples.floor.push(await perSecond(events, bareAll)));
    await fill(dataSource, events);
    while ((await numberOutbox(dataSource)) > 0);
    samples.publish.push(await perSecond(events, relayAll));
    const few = Math.ceil(events / 10);
    await fill(dataSource, few);
    while ((await numberOutbox(dataSource)) > 0);
    samples.single.push(await perSecond(few, oneByOne));
    const { depth } = await outboxBacklog(dataSource);
    if (depth !== 0) throw new Error(`${depth} events were left`);
    await dataSource.query('TRUNCATE outbox, outbox_number');
  }
  if (!(await streamState(nats, geoStream(region)))?.messages) throw new Error('the stream is empty');
  await nats.close();
});
const peer = 'a message for each event';
const floor = 'the bare statements and messages';
const signer = 'relay that signs';
const message = `a message of ${batchEventsMax} events`;
const measured: Measurement[] = [
  { subject: 'relay', metric: 'committed to stored in the stream', unit: 'events/s', samples: samples.relay, peer: floor },
  { subject: 'relay', metric: 'processor time of Node', unit: 'µs/event', samples: samples.cpu, peer: floor },
  { subject: signer, metric: 'committed to stored in the stream', unit: 'events/s', samples: samples.signed, peer: 'relay' },
  { subject: signer, metric: 'processor time of Node', unit: 'µs/event', samples: samples.signedCpu, peer: 'relay' },
  { subject: message, metric: 'signing', unit: 'µs', samples: samples.signing },
  { subject: message, metric: 'checking its signature', unit: 'µs', samples: samples.checking },
  { subject: floor, metric: 'committed to stored in the stream', unit: 'events/s', samples: samples.floor },
  { subject: floor, metric: 'processor time of Node', unit: 'µs/event', samples: samples.floorCpu },
  { subject: 'relay', metric: 'numbered to stored in the stream', unit: 'events/s', samples: samples.publish, peer },
  { subject: peer, metric: 'numbered to stored in the stream', unit: 'events/s', samples: samples.single },
];
report('relay', 'npm run bench:relay', measured);
process.exit(0);
