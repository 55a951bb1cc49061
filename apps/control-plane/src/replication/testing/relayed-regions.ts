import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { freshRegion } from '@lapidary/testing/backends';
import { freePort } from '@lapidary/tools/local/free-port';
import { ManagedProcess } from '@lapidary/tools/local/managed-process';
import { prepareNats } from '@lapidary/tools/local/nats-server';
import { outboxMetrics } from '../../outbox/metrics.js';
import { OutboxRelay } from '../../outbox/relay.js';
import { servePeers } from '../../outbox/serve-peers.js';
import { openTestRegion, type TestRegion } from '../../outbox/testing/test-region.js';
import { readPosition } from '../peer-position.js';
import { pullerOf } from './two-regions.js';

/** Two regions on a NATS server of their own, which can be stopped and begun anew: what the first tells is relayed, and read by the second. */
export interface RelayedRegions {
  readonly eu: TestRegion;
  readonly us: TestRegion;
  readonly relay: OutboxRelay;
  /** Of the server: its configuration and its streams. */
  readonly dir: string;
  readonly port: number;
  /** Sequences that the second region has applied, in their order. */
  readonly told: readonly number[];
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Until the second region has come so far; `meanwhile` with each look. */
  reached(sequence: number, withinMs: number, meanwhile?: () => void): Promise<void>;
  close(): Promise<void>;
}

const readyMs = 60_000;
const stopGraceMs = 5_000;

export const openRelayedRegions = async (): Promise<RelayedRegions> => {
  const root = await mkdtemp(path.join(tmpdir(), 'lapidary-relayed-'));
  const [dir, port] = [path.join(root, 'nats'), await freePort()];
  const { launch, url } = await prepareNats({ binDir: path.join(process.cwd(), '.lapidary/bin'), dir, name: 'relayed', port });
  const begin = async (): Promise<ManagedProcess> => {
    const server = new ManagedProcess(launch, { logFile: path.join(root, 'log'), pidDir: path.join(root, 'pids') });
    server.start();
    await waitFor('nats-server', () => server.snapshot.state === 'ready' || undefined, { timeoutMs: readyMs });
    return server;
  };
  let server = await begin();
  const [a, b] = [freshRegion(), freshRegion()].sort() as [string, string];
  const eu = await openTestRegion({ name: a, peers: [b], natsUrl: url });
  const us = await openTestRegion({ name: b, peers: [a], natsUrl: url });
  const ended = new AbortController();
  const told: number[] = [];
  const stops = servePeers(eu.nats, eu.dataSource, eu.name, [us.name], () => undefined);
  const relay = new OutboxRelay({ ...eu, metrics: createMetrics(outboxMetrics, { processMetrics: false }), onPublished: () => undefined });
  const puller = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)));
  const running = [relay.lead(ended.signal), puller.lead(ended.signal)];
  return {
    ...{ eu, us, relay, dir, port, told },
    start: async () => {
      server = await begin();
    },
    stop: async () => server.stop(stopGraceMs),
    reached: async (sequence, withinMs, meanwhile = () => undefined) => {
      const look = async (): Promise<true | undefined> => {
        meanwhile();
        return (await readPosition(us.dataSource, eu.name)).sequence >= sequence || undefined;
      };
      await waitFor(`event ${sequence}`, look, { timeoutMs: withinMs });
    },
    close: async () => {
      ended.abort();
      await Promise.all(running);
      for (const end of stops) end();
      await Promise.all([eu.close(), us.close()]);
      await server.stop(stopGraceMs);
      await rm(root, { recursive: true, force: true });
    },
  };
};
