import type { RouterConfig } from '@lapidary/config/router';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import { UpstreamPools } from '@lapidary/stamp-sdk/forward/upstream';
import type { Logger } from '@lapidary/telemetry/logger';
import { Edges, type Http1Taker } from './edges.js';
import { FastServer } from './engine/fast-server.js';
import { Identification, tokenFactsOf } from './identification/identification.js';
import { countdown } from './leave.js';
import type { ListenPlace } from './listening.js';
import type { RouterMetrics } from './metrics.js';
import { accessLogFromConfig, type AccessLog } from './observe/access-log.js';
import { lookAt, type Look, type SocketsLook } from './observe/look.js';
import { Observer } from './observe/observer.js';
import { tracesFromConfig } from './observe/traces.js';
import type { IdentifyRule } from './pipeline/identify-order.js';
import type { TokenFacts } from './pipeline/identify.js';
import type { VersionedDirectory } from './pipeline/locate.js';
import type { RouterPlace } from './pipeline/reside.js';
import { ClientBook } from './proxy-protocol/client-book.js';
import { publicDoorsFrom, type PublicDoors } from './public-doors.js';
import { OwnPaths } from './route-claims/own-paths.js';
import { TrafficServer } from './server.js';
import type { MetricPages, Takers, TrafficPorts } from './takers.js';
import { PolicyPart, type SharedPolicy } from './traffic-policy/policy-part.js';
import type { Foreseen } from './traffic-policy/traffic-policy.js';
import { NetTransport } from './transport/net-transport.js';
import { RawTransport } from './transport/raw-transport.js';
import type { Transport } from './transport/wire.js';

/** A front door is in the same region: a connection takes a millisecond, and a second door may still be tried. */
const connectMs = 2_000;
/** Shops' slowest pages and exports; the client sees a 504 instead of waiting for good. */
const headMs = 30_000;
/** Event streams send a comment line every 15–30 s. */
const idleMs = 60_000;
const tunnelIdleMs = 10 * 60_000;
const forwardTimeouts: ForwardTimeouts = { connectMs, headMs, idleMs };
/** Pools of front doors that are gone are closed at this interval; they only cost a few idle sockets. */
const sweepMs = 30_000;

export interface TrafficDirectory extends VersionedDirectory {
  frontDoors(): ReadonlySet<string>;
}

export interface TrafficPlaces {
  readonly http: ListenPlace;
  readonly tls: ListenPlace;
}

export interface TrafficOptions {
  readonly config: RouterConfig;
  readonly directory: TrafficDirectory;
  /** Brings the limits' document and shares the budget with other routers. */
  readonly link: NatsLink;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
  /** Fetches the tenant's newest entry from the directory's source. */
  readonly refreshTenant: (tenant: string) => Promise<void>;
  readonly timeouts?: Partial<ForwardTimeouts>;
  /** Instead of what LAPIDARY_PUBLIC_DOOR says. */
  readonly publicDoors?: PublicDoors;
  /** What the workers of one process have in common. */
  readonly shared?: SharedPolicy;
  /** Instead of the hosts and ports of the configuration. */
  readonly places?: TrafficPlaces;
}

export const placeOf = (config: RouterConfig): RouterPlace => ({
  region: config.LAPIDARY_REGION,
  jurisdiction: config.LAPIDARY_ROUTER_JURISDICTION,
  strictRedirects: Object.fromEntries(config.LAPIDARY_STRICT_REDIRECTS.map((item) => item.split('=', 2) as [string, string])),
});

const linksOf = (config: RouterConfig): { readonly routerId: string; readonly key: string | null } | null =>
  config.LAPIDARY_ROUTER_LINKS === 'off' ? null : { routerId: config.LAPIDARY_ROUTER_ID, key: config.LAPIDARY_LINK_KEY_FILE ?? null };

const transportOf = (config: RouterConfig): Transport =>
  config.LAPIDARY_ROUTER_SOCKETS === 'public' ? new NetTransport() : new RawTransport();

const placesOf = (config: RouterConfig): TrafficPlaces => ({
  http: { host: config.LAPIDARY_HTTP_HOST, port: config.LAPIDARY_HTTP_PORT },
  tls: { host: config.LAPIDARY_HTTP_HOST, port: config.LAPIDARY_TLS_PORT },
});

/** What a thread needs to take requests and forward them: everything but where the directory comes from. */
export class Traffic implements Takers {
  private readonly policyPart: PolicyPart;
  private readonly observer: Observer;
  private readonly accessLog: AccessLog | null;
  private readonly pools = new UpstreamPools();
  private readonly server: TrafficServer | FastServer;
  private readonly edges: Edges;
  private ownPaths: OwnPaths | undefined;
  private identification: Identification | undefined;
  private sweeping: NodeJS.Timeout | null = null;

  constructor(private readonly options: TrafficOptions) {
    const { config, directory, metrics, logger, refreshTenant, link } = options;
    this.policyPart = new PolicyPart({
      region: config.LAPIDARY_REGION,
      router: config.LAPIDARY_ROUTER_ID,
      link,
      directoryFile: config.LAPIDARY_DIRECTORY_FILE,
      siblings: Math.max(1, config.LAPIDARY_ROUTER_WORKERS),
      shared: options.shared,
      hasStamp: (stamp) => directory.stamp(stamp) !== undefined,
      logger,
    });
    this.accessLog = accessLogFromConfig(config);
    this.observer = new Observer(metrics, this.accessLog, tracesFromConfig(config, metrics));
    const clients = new ClientBook(config.LAPIDARY_TRUSTED_PROXIES);
    const parts = {
      observer: this.observer,
      ownPaths: () => this.ownPaths,
      identification: () => this.identification,
      clients,
      policy: this.policyPart.policy,
      pools: this.pools,
      metrics,
      timeouts: { ...forwardTimeouts, ...options.timeouts },
      refreshTenant,
      baseDomain: config.LAPIDARY_BASE_DOMAIN,
      directory,
      place: placeOf(config),
      logger,
      tunnelIdleMs,
      freezeWaitMs: config.LAPIDARY_FREEZE_WAIT_MS,
    };
    const general = new TrafficServer(parts);
    const fast = config.LAPIDARY_ROUTER_ENGINE === 'fast' ? new FastServer(parts, general, transportOf(config), linksOf(config)) : null;
    this.server = fast ?? general;
    const http1: Http1Taker = fast
      ? (socket, proto) => fast.attach(socket, { address: clients.addresses.of(socket), proto })
      : (socket) => general.attach(socket);
    this.edges = new Edges(config, general, http1, clients, metrics, logger);
  }

  async listen(): Promise<TrafficPorts> {
    const { config, metrics, logger, publicDoors } = this.options;
    const { http, tls } = this.options.places ?? placesOf(config);
    this.ownPaths = await OwnPaths.from(config, publicDoors ?? publicDoorsFrom(config.LAPIDARY_PUBLIC_DOOR), metrics, logger);
    this.identification = await Identification.from(config, metrics, logger);
    await this.policyPart.start();
    if (this.edges.takesPlainPort && this.server instanceof FastServer) await this.server.prepare();
    const { proxiedPort, tlsPort } = await this.edges.listen(http, tls);
    const trafficPort = proxiedPort ?? (await this.server.listen(http));
    this.sweeping = setInterval(() => this.sweep(), sweepMs);
    return { trafficPort, tlsPort };
  }

  /** All within `graceMs`, and what the last lines of logs and traces take. The link is closed by whoever made it. */
  async drain(graceMs: number): Promise<void> {
    if (this.sweeping) clearInterval(this.sweeping);
    this.server.leave();
    const left = countdown(graceMs);
    await this.edges.leave(left());
    await this.server.drain(left());
    await this.edges.end(left());
    this.edges.destroy();
    this.ownPaths?.stop();
    await this.identification?.stop();
    await this.policyPart.stop();
    this.pools.close();
    await this.accessLog?.close();
    await this.observer.traces.close();
  }

  problems(): readonly string[] {
    return [];
  }

  looks(): Promise<readonly Look[]> {
    return Promise.resolve([lookAt(this.observer, this.policyPart, this.sockets)]);
  }

  private get sockets(): SocketsLook {
    if (!(this.server instanceof FastServer)) return { tier: 'public', reason: 'everything is on node:http' };
    const { state, reason } = this.server.tier;
    return { tier: state, reason };
  }

  metrics(): Promise<readonly MetricPages[]> {
    this.countNow();
    return Promise.resolve([]);
  }

  identifyRules(): readonly IdentifyRule[] {
    return this.identification?.rules ?? [];
  }

  tokenFacts(host: string, path: string, token: string): Promise<TokenFacts> {
    return tokenFactsOf(this.identification, host, path, token);
  }

  foresee(tenant: TenantRoute, stamp: StampRoute): Promise<Foreseen> {
    return Promise.resolve(this.policyPart.policy.foresee(tenant, stamp, performance.now()));
  }

  /** Sets the gauges of what is counted only when asked for. */
  countNow(): void {
    if (this.server instanceof FastServer) this.server.countNow();
  }

  private sweep(): void {
    const frontDoors = this.options.directory.frontDoors();
    this.pools.keepOnly(frontDoors);
    if (this.server instanceof FastServer) this.server.keepOnly(frontDoors);
  }
}
