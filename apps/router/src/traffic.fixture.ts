import { stampRoute, tenantRoute } from './routes.fixture.js';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { systemClock } from '@lapidary/kernel/clock';
import { answerBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { UpstreamPools } from '@lapidary/stamp-sdk/forward/upstream';
import { createLogger } from '@lapidary/telemetry/logger';
import { DirectoryTable } from './directory/directory-table.js';
import { Directory } from './directory/directory.js';
import { createRouterMetrics, type RouterMetrics } from './metrics.js';
import { ClientBook } from './proxy-protocol/client-book.js';
import { RouterPolicy } from './traffic-policy/router-policy.js';
import { FastServer } from './engine/fast-server.js';
import { TrafficServer, type TrafficServerOptions } from './server.js';
import { RawTransport } from './transport/raw-transport.js';
import type { Transport } from './transport/wire.js';
import type { TrafficPolicy } from './traffic-policy/traffic-policy.js';

/** For tests: the traffic port with a directory that the test writes itself. */
export interface TestTraffic {
  /** Requests of tenants that are frozen. */
  readonly waitingForThaw: () => number;
  readonly port: number;
  readonly metrics: RouterMetrics;
  readonly server: TrafficServer | FastServer;
  /** Tenants whose entries were asked for again. */
  readonly refreshed: string[];
  /** Called when an entry is asked for again; may apply a newer one. */
  onRefresh: (tenant: string) => void;
  route(over: Partial<TenantRoute>): void;
  stamp(over: Partial<StampRoute>): void;
  count(metric: 'lapidary_router_requests_total' | 'lapidary_router_retries_total'): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** Requests are given so long, and a transfer as much again that moves enough. */
export const patientPolicy = (requestSecondsMax: number, transferBytesPerSecondMin = 500): RouterPolicy => {
  const policy = new RouterPolicy({ router: 'r1' });
  policy.limitBy(LimitsDocumentSchema.parse({ stamps: { default: { requestSecondsMax, transferBytesPerSecondMin } } }));
  return policy;
};

type TrafficPath = 'fast' | 'general';
let path: TrafficPath = 'fast';

/** Runs the same tests on the fast path and on the general one: they are one router to whoever talks to it. */
export const onBothPaths = (define: () => void): void => {
  onPath('fast', define);
  onPath('general', define);
};

/** Runs tests on one path, for what is its own. */
export const onPath = (each: TrafficPath, define: () => void): void =>
  describe(`on the ${each} path:`, () => {
    beforeAll(() => void (path = each));
    define();
  });

export const quickTimeouts = { connectMs: 500, headMs: 500, idleMs: 500 };

/** What a test wants otherwise than usual. */
interface TestTrafficParts extends Partial<Pick<TrafficServerOptions, 'timeouts' | 'identification' | 'refusals' | 'freezeWaitMs'>> {
  readonly policy?: TrafficPolicy;
  readonly transport?: Transport;
  /** Else that of onBothPaths or onPath, or the fast one. */
  readonly on?: TrafficPath;
  /** Else one that is free. */
  readonly port?: number;
  readonly links?: { readonly routerId: string; readonly key: string | null } | null;
}

export const startTraffic = async (frontDoors: readonly string[], parts: TestTrafficParts = {}): Promise<TestTraffic> => {
  const { timeouts = quickTimeouts, policy = new RouterPolicy({ router: 'r1' }), identification, refusals, freezeWaitMs } = parts;
  const { transport = new RawTransport(), on = path, port = 0, links = null } = parts;
  const directory = new Directory(systemClock);
  directory.swap(new DirectoryTable('g'), 'live', 0);
  let cursor = 0;
  const route = (over: Partial<TenantRoute>): void => {
    const body = tenantRoute(over);
    directory.apply({ key: `tenant/${body.tenant}`, cursor: (cursor += 1), committedAtMs: 0, body });
  };
  const stamp = (over: Partial<StampRoute>): void => {
    const body = stampRoute({ frontDoors: [...frontDoors], ...over });
    directory.apply({ key: `stamp/${body.stamp}`, cursor: (cursor += 1), committedAtMs: 0, body });
  };
  route({});
  stamp({});
  const metrics = createRouterMetrics({ processMetrics: false });
  const pools = new UpstreamPools();
  const refreshed: string[] = [];
  const refreshTenant = (tenant: string): Promise<void> => {
    refreshed.push(tenant);
    traffic.onRefresh(tenant);
    return Promise.resolve();
  };
  const logger = createLogger('test', 'silent');
  const options: TrafficServerOptions = {
    policy,
    pools,
    metrics,
    timeouts,
    refreshTenant,
    baseDomain: 'lapidary.localhost',
    place: { region: 'us', jurisdiction: 'us', strictRedirects: { eu: 'https://{tenant}.eu.example.net' } },
    directory,
    logger,
    clients: new ClientBook([]),
    identification,
    refusals,
    tunnelIdleMs: 2_000,
    freezeWaitMs,
  };
  const general = new TrafficServer(options);
  const server = on === 'fast' ? new FastServer(options, general, transport, links) : general;
  const traffic: TestTraffic = {
    port: await server.listen({ host: '127.0.0.1', port }),
    metrics,
    server,
    refreshed,
    waitingForThaw: () => general.thaw.size,
    onRefresh: () => undefined,
    route,
    stamp,
    count: async (metric) => {
      const { values } = await metrics[metric].get();
      return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
    },
    close: async () => {
      await server.drain(0);
      pools.close();
    },
  };
  return traffic;
};

/** One request as bytes, for the host of "acme" unless told. */
export const requestBytes = (method: string, path = '/', headers: readonly string[] = [], body = ''): string => {
  const host = headers.some((h) => /^host:/i.test(h)) ? [] : ['Host: acme.lapidary.localhost'];
  const length =
    body === '' || headers.some((h) => /^(content-length|transfer-encoding):/i.test(h)) ? [] : [`Content-Length: ${body.length}`];
  return `${[`${method} ${path} HTTP/1.1`, ...host, ...headers, ...length].join('\r\n')}\r\n\r\n${body}`;
};

/** Fields of a request for a WebSocket. */
export const asksForUpgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

/** What a stamp's agent answers for a tenant that it does not hold. */
export const misdirected = answerBytes('421 Misdirected Request', ['x-lapidary-error: misdirected', 'x-lapidary-held-epoch: none'], 'no');

export const problemOf = (text: string): { code: string; status: number } =>
  JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { code: string; status: number };

/** Whether the bytes are a request with its whole body. */
export const isWhole = (bytes: string): boolean => {
  const [head = '', body = ''] = bytes.split(/\r\n\r\n(.*)/s);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return bytes.includes('\r\n\r\n') && body.length >= length;
};

/** A stamp's front doors, as a test wants them; closed together. */
export class TestDoors {
  private readonly open: RawUpstream[] = [];

  async raw(onData: Parameters<typeof startRawUpstream>[0]): Promise<RawUpstream> {
    const upstream = await startRawUpstream(onData);
    this.open.push(upstream);
    return upstream;
  }

  /** Answers whole requests; `count` is their number, from 0. */
  answering(answer: (count: number, request: string) => string): Promise<RawUpstream> {
    let count = 0;
    const taken = new Map<number, number>();
    return this.raw((socket, soFar, connection) => {
      const request = soFar.slice(taken.get(connection) ?? 0);
      if (!isWhole(request)) return;
      taken.set(connection, soFar.length);
      socket.write(answer(count++, request));
    });
  }

  async close(): Promise<void> {
    for (const upstream of this.open.splice(0)) await upstream.close();
  }
}
