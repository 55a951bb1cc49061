import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { freshRegion } from '@lapidary/testing/backends';
import type { Launch } from '@lapidary/tools/local/launch';
import { freePort } from '@lapidary/tools/local/free-port';
import { ManagedProcess } from '@lapidary/tools/local/managed-process';
import { prepareNats } from '@lapidary/tools/local/nats-server';
import { outboxMetrics } from '../../outbox/metrics.js';
import { OutboxRelay } from '../../outbox/relay.js';
import { servePeers } from '../../outbox/serve-peers.js';
import { openTestRegion, testLink, type TestRegion } from '../../outbox/testing/test-region.js';
import { readPosition } from '../peer-position.js';
import { fillDisk } from './fill-disk.js';
import { pullerOf } from './two-regions.js';

/** Two regions on a NATS server of their own, which can be stopped and begun anew: what the first tells is relayed, and read by the second. */
export interface RelayedRegions {
  readonly eu: TestRegion;
  readonly us: TestRegion;
  /** The first one’s connection for what is published. */
  readonly publishing: NatsLink;
  readonly relay: OutboxRelay;
  /** Of the server: its configuration and its streams. */
  readonly dir: string;
  readonly port: number;
  /** The server’s own disk, where it has one (`diskMegabytes`). */
  readonly disk: SmallDisk | null;
  /** Sequences that the second region has applied, in their order. */
  readonly told: readonly number[];
  start(): Promise<void>;
  stop(): Promise<void>;
  /** As `stop`, for a server that does not end by itself any more. */
  kill(): Promise<void>;
  /** Until the second region has come so far; `meanwhile` with each look. */
  reached(sequence: number, withinMs: number, meanwhile?: () => void): Promise<void>;
  close(): Promise<void>;
}

/** What the server keeps its streams on, in a name space of its own: nobody else’s disk gets full. */
export interface SmallDisk {
  fill(): Promise<void>;
  free(): Promise<void>;
}

const readyMs = 60_000;
const stopGraceMs = 5_000;

export const openRelayedRegions = async ({ diskMegabytes }: { readonly diskMegabytes?: number } = {}): Promise<RelayedRegions> => {
  const root = await mkdtemp(path.join(tmpdir(), 'lapidary-relayed-'));
  const [dir, port] = [path.join(root, 'nats'), await freePort()];
  const { launch: usual, url } = await prepareNats({ binDir: path.join(process.cwd(), '.lapidary/bin'), dir, name: 'relayed', port });
  const streams = path.join(dir, 'streams');
  const launch = diskMegabytes === undefined ? usual : onSmallDisk(usual, streams, diskMegabytes);
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
  // As in a control plane: what is published has a connection of its own.
  const publishing = await testLink(url, `test:${a}:streams`);
  const relay = new OutboxRelay({
    ...eu,
    nats: publishing,
    metrics: createMetrics(outboxMetrics, { processMetrics: false }),
    onPublished: () => undefined,
  });
  const puller = pullerOf(us, eu, (events) => told.push(...events.map((e) => e.originsequence)));
  const running = [relay.lead(ended.signal), puller.lead(ended.signal)];
  return {
    ...{ eu, us, publishing, relay, dir, port, told },
    disk: diskMegabytes === undefined ? null : smallDisk(() => server.snapshot.pid!, streams),
    start: async () => {
      server = await begin();
    },
    stop: async () => server.stop(stopGraceMs),
    kill: async () => server.stop(0),
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
      await Promise.all([eu.close(), us.close(), publishing.close()]);
      await server.stop(stopGraceMs);
      await rm(root, { recursive: true, force: true });
    },
  };
};

const onSmallDisk = (launch: Launch, folder: string, megabytes: number): Launch => ({
  ...launch,
  file: 'unshare',
  args: [
    ...['--user', '--map-root-user', '--mount', 'sh', '-c', `mount -t tmpfs -o size=${megabytes}m none "$0" && exec "$@"`],
    ...[folder, launch.file, ...launch.args],
  ],
});

const smallDisk = (pidOf: () => number, folder: string): SmallDisk => {
  const filler = (): string => path.join('/proc', String(pidOf()), 'root', folder, 'filler');
  return {
    fill: async () => fillDisk(filler()),
    free: async () => rm(filler()),
  };
};
