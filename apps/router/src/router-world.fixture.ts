import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RouterConfigSchema } from '@lapidary/config/router';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { LimitsDocument } from '@lapidary/contracts/limits';
import { LimitsRequestSchema } from '@lapidary/contracts/router-protocol';
import { routerLimits } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { createLogger } from '@lapidary/telemetry/logger';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { startCuttableLink, TestRegion, type CuttableLink } from './region.fixture.js';
import { Router, type RouterOptions } from './router.js';

/** Nobody listens there. */
export const noNats = 'nats://127.0.0.1:1';

export interface RunningRouter {
  readonly router: Router;
  readonly port: number;
  readonly admin: string;
  readonly dnsPort: number;
  readonly tlsPort: number;
}

/** Loaded machines are slow; what these tests wait for takes milliseconds on an idle one. */
const patienceMs = 60_000;

export const eventually = async (what: string, check: () => boolean): Promise<void> =>
  void (await waitFor(what, () => check() || undefined, { timeoutMs: patienceMs, intervalMs: 5 }));
export const isLive = ({ router }: RunningRouter): Promise<void> => eventually('the directory to be live', () => router.directory.isLive);
export const knows = ({ router }: RunningRouter, id: string, epoch = 1): Promise<void> =>
  eventually(`${id} at epoch ${epoch}`, () => router.directory.tenant(id)?.epoch === epoch);
/** Status of the answer to a request for a tenant. */
export const ask = async ({ port }: RunningRouter, id: string): Promise<string> => {
  const bytes = `GET / HTTP/1.1\r\nHost: ${id}.lapidary.localhost\r\n\r\n`;
  return (await exchangeBytes(port, bytes, /\r\n\r\n.+/s)).slice(9, 12);
};

/** For tests: a region with real NATS over a wire that can be cut, a stamp that answers 200, and routers. */
export class RouterWorld {
  private readonly running: Router[] = [];

  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly door: RawUpstream,
    readonly link: CuttableLink,
    readonly region: TestRegion,
  ) {}

  static async begin(): Promise<RouterWorld> {
    const name = freshRegion();
    const { url } = testNats();
    const door = await startRawUpstream(
      (socket, soFar) => void (soFar.endsWith('\r\n\r\n') && socket.write(answerBytes('200 OK', [], 'ok'))),
    );
    const folder = await mkdtemp(join(tmpdir(), 'lapidary-router-'));
    return new RouterWorld(name, folder, door, await startCuttableLink(url), await TestRegion.start(name, url));
  }

  tenant(id: string, over: Partial<TenantRoute> = {}): TenantRoute {
    return { kind: 'tenant', tenant: id, region: this.name, status: 'placed', stamp: `${this.name}-1`, epoch: 1, hosts: [], ...over };
  }

  stamp(over: Partial<StampRoute> = {}): StampRoute {
    return { kind: 'stamp', stamp: `${this.name}-1`, region: this.name, status: 'active', epoch: 1, frontDoors: [this.door.url], ...over };
  }

  async start(
    natsUrl = this.link.url,
    file = 'directory.json',
    more: Record<string, unknown> = {},
    options: Partial<RouterOptions> = {},
  ): Promise<RunningRouter> {
    const config = RouterConfigSchema.parse({
      LAPIDARY_REGION: this.name,
      LAPIDARY_ROUTER_ID: 'r1',
      LAPIDARY_HTTP_PORT: 0,
      LAPIDARY_ADMIN_PORT: 0,
      LAPIDARY_NATS_URL: natsUrl,
      LAPIDARY_DIRECTORY_FILE: join(this.folder, file),
      ...more,
    });
    const router = new Router({ config, logger: createLogger('test', 'silent'), processMetrics: false, ...options });
    this.running.push(router);
    const { trafficPort, adminPort, dnsPort = 0, tlsPort = 0 } = await router.start();
    return { router, port: trafficPort, admin: `http://127.0.0.1:${adminPort}`, dnsPort, tlsPort };
  }

  async stop({ router }: RunningRouter): Promise<void> {
    this.running.splice(this.running.indexOf(router), 1);
    await router.stop(0);
  }

  /** The control plane has these limits, at version 1. */
  serveLimits(document: LimitsDocument): void {
    this.region.link.serveJson(routerLimits(this.name), LimitsRequestSchema, ({ version }) => ({
      version: 1,
      document: version === 1 ? null : document,
    }));
  }

  /** The control plane tells its digest until a router has drawn its conclusion. */
  async tellDigestUntil(what: string, check: () => boolean): Promise<void> {
    await waitFor(what, () => (this.region.tellDigest(), check() || undefined), { timeoutMs: patienceMs, intervalMs: 50 });
  }

  async end(): Promise<void> {
    for (const router of this.running.splice(0)) await router.stop(0);
    await this.region.stop();
    await this.link.close();
    await this.door.close();
    await rm(this.folder, { recursive: true });
  }
}
