import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { streamState } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { freshRegion } from '@lapidary/testing/backends';
import { freePort } from '@lapidary/tools/local/free-port';
import { ManagedProcess } from '@lapidary/tools/local/managed-process';
import { prepareNats } from '@lapidary/tools/local/nats-server';
import { outboxMetrics } from '../outbox/metrics.js';
import { OutboxRelay } from '../outbox/relay.js';
import { servePeers } from '../outbox/serve-peers.js';
import { openTestRegion, tellOfStamp } from '../outbox/testing/test-region.js';
import { readPosition } from './peer-position.js';
import { oneTo, pullerOf } from './testing/two-regions.js';

/** What a power failure leaves of a server that syncs lazily: an older store, in which sequence numbers are given a second time. */
it('a stream that was rolled back and has used its numbers again costs no event and repeats none (I5)', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'lapidary-rollback-'));
  const binDir = path.join(process.cwd(), '.lapidary/bin');
  const { launch, url } = await prepareNats({ binDir, dir: path.join(dir, 'nats'), name: 'rollback', port: await freePort() });
  const serve = async (): Promise<ManagedProcess> => {
    const server = new ManagedProcess(launch, { logFile: path.join(dir, 'log'), pidDir: path.join(dir, 'pids') });
    server.start();
    await waitFor('nats-server', () => server.snapshot.state === 'ready' || undefined, { timeoutMs: 60_000 });
    return server;
  };
  const store = path.join(dir, 'nats/streams');
  let server = await serve();
  const [a, b] = [freshRegion(), freshRegion()].sort() as [string, string];
  const [eu, us] = [
    await openTestRegion({ name: a, peers: [b], natsUrl: url }),
    await openTestRegion({ name: b, peers: [a], natsUrl: url }),
  ];
  const stop = new AbortController();
  const told: number[] = [];
  const stops = servePeers(eu.nats, eu.dataSource, eu.name, [us.name], () => undefined);
  const relay = new OutboxRelay({ ...eu, metrics: createMetrics(outboxMetrics, { processMetrics: false }), onPublished: () => undefined });
  const puller = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)));
  const tell = async (count: number): Promise<void> => {
    for (const i of oneTo(count)) {
      await tellOfStamp(eu, i);
      relay.wake();
    }
  };
  const reached = async (sequence: number): Promise<void> => {
    await waitFor(
      `event ${sequence}`,
      async () => {
        relay.wake();
        return (await readPosition(us.dataSource, eu.name)).sequence >= sequence || undefined;
      },
      { timeoutMs: 30_000 },
    );
  };
  const running = [relay.lead(stop.signal), puller.lead(stop.signal)];
  try {
    await tell(10);
    await reached(10);
    const kept = (await streamState(eu.nats, geoStream(eu.name)))!;
    await server.stop(5_000);
    await cp(store, path.join(dir, 'older'), { recursive: true });
    server = await serve();
    await waitFor('the links', () => (eu.nats.isConnected && us.nats.isConnected) || undefined, { timeoutMs: 60_000 });
    for (let i = 0; i < 5; i++) {
      await tell(2);
      await reached(12 + 2 * i);
    }
    await server.stop(5_000);
    await rm(store, { recursive: true });
    await cp(path.join(dir, 'older'), store, { recursive: true });
    await tell(5);
    server = await serve();
    await reached(25);
    const after = (await streamState(eu.nats, geoStream(eu.name)))!;
    // The same stream to all who ask it, and numbers that it had given before.
    expect([after.id, after.lastSequence > kept.lastSequence]).toEqual([kept.id, true]);
    await tell(3);
    await reached(28);
    expect(told).toEqual(oneTo(28));
  } finally {
    stop.abort();
    await Promise.all(running);
    for (const end of stops) end();
    await Promise.all([eu.close(), us.close()]);
    await server.stop(5_000);
    await rm(dir, { recursive: true, force: true });
  }
});
