import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { freshRegion } from '@lapidary/testing/backends';
import { freePort } from '@lapidary/tools/local/free-port';
import { ManagedProcess } from '@lapidary/tools/local/managed-process';
import { prepareNats } from '@lapidary/tools/local/nats-server';
import { readPosition } from '../replication/peer-position.js';
import { oneTo, pullerOf } from '../replication/testing/two-regions.js';
import { outboxMetrics } from './metrics.js';
import { publishedThrough } from './published-through.js';
import { OutboxRelay } from './relay.js';
import { servePeers } from './serve-peers.js';
import { openTestRegion, tellOfStamp } from './testing/test-region.js';

/** As one that has switched its streams off since it could not write them any more. */
it('a server that has no streams any more, and answers all the same, keeps no event from the other regions (I5, O4)', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'lapidary-streamless-'));
  const port = await freePort();
  const { launch, url } = await prepareNats({ binDir: path.join(process.cwd(), '.lapidary/bin'), dir, name: 'streamless', port });
  const serve = async (): Promise<ManagedProcess> => {
    const server = new ManagedProcess(launch, { logFile: path.join(dir, 'log'), pidDir: path.join(dir, 'pids') });
    server.start();
    await waitFor('nats-server', () => server.snapshot.state === 'ready' || undefined, { timeoutMs: 60_000 });
    return server;
  };
  let server = await serve();
  const [a, b] = [freshRegion(), freshRegion()].sort() as [string, string];
  const eu = await openTestRegion({ name: a, peers: [b], natsUrl: url });
  const us = await openTestRegion({ name: b, peers: [a], natsUrl: url });
  const stop = new AbortController();
  const stops = servePeers(eu.nats, eu.dataSource, eu.name, [us.name], () => undefined);
  const relay = new OutboxRelay({ ...eu, metrics: createMetrics(outboxMetrics, { processMetrics: false }), onPublished: () => undefined });
  const told: number[] = [];
  const puller = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)));
  const reached = async (sequence: number): Promise<void> => {
    const at = async (): Promise<number> => (await readPosition(us.dataSource, eu.name)).sequence;
    await waitFor(`event ${sequence}`, async () => (await at()) >= sequence || undefined, { timeoutMs: 60_000 });
  };
  const running = [relay.lead(stop.signal), puller.lead(stop.signal)];
  try {
    for (const i of oneTo(3)) await tellOfStamp(eu, i);
    await waitFor('the stream', async () => (await publishedThrough(eu.dataSource)) === 3 || undefined, { timeoutMs: 60_000 });
    await server.stop(5_000);
    await writeFile(path.join(dir, 'nats.conf'), `host: 127.0.0.1\nport: ${port}\n`);
    server = await serve();
    for (const i of oneTo(3)) await tellOfStamp(eu, i, 2);
    await reached(6);
    expect(await publishedThrough(eu.dataSource)).toBe(3);
    expect(told).toEqual(oneTo(6));
  } finally {
    stop.abort();
    await Promise.all(running);
    for (const end of stops) end();
    await Promise.all([eu.close(), us.close()]);
    await server.stop(5_000);
    await rm(dir, { recursive: true, force: true });
  }
});
