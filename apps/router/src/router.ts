import type { RouterConfig } from '@lapidary/config/router';
import type { TrafficSummary } from '@lapidary/contracts/api/traffic';
import { systemClock } from '@lapidary/kernel/clock';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import { UpstreamPools } from '@lapidary/stamp-sdk/forward/upstream';
import type { Logger } from '@lapidary/telemetry/logger';
import { AdminServer, type Readiness } from './admin-server.js';
import { AuditLoop } from './directory/audit-loop.js';
import { DirectorySource } from './directory/directory-source.js';
import { Directory } from './directory/directory.js';
import { DiskCopyWriter } from './directory/disk-copy-writer.js';
import { dnsFromConfig } from './dns/dns-from-config.js';
import { FastServer } from './engine/fast-server.js';
import { readDiskCopy, type DiskCopyPlace } from './directory/disk-copy.js';
import { Edges } from './edges.js';
import type { ExplainDeps } from './explain.js';
import { FleetLink } from './fleet-link.js';
import { Identification } from './identification/identification.js';
import { createRouterMetrics, type RouterMetrics } from './metrics.js';
import { publicDoorsFrom, type PublicDoors } from './public-doors.js';
import { OwnPaths } from './route-claims/own-paths.js';
import type { IdentifyRule } from './pipeline/identify-order.js';
import type { RouterPlace } from './pipeline/reside.js';
import { ClientBook } from './proxy-protocol/client-book.js';
import { accessLogFromConfig, type AccessLog } from './observe/access-log.js';
import { Observer } from './observe/observer.js';
import { tracesFromConfig } from './observe/traces.js';
import { trafficReport } from './observe/traffic-report.js';
import { TrafficServer } from './server.js';
import { PolicyPart } from './traffic-policy/policy-part.js';
import { NetTransport } from './transport/net-transport.js';

/** A front door is in the same region: a connection takes a millisecond, and a second door may still be tried. */
const connectMs = 2_000;
/** Shops' slowest pages and exports; the client sees a 504 instead of waiting for good. */
const headMs = 30_000;
/** Event streams send a comment line every 15–30 s. */
const idleMs = 60_000;
const tunnelIdleMs = 10 * 60_000;
const forwardTimeouts: ForwardTimeouts = { connectMs, headMs, idleMs };
/** Pools of front doors that are gone are closed at this interval; they only cost a few idle sockets. */
const poolSweepMs = 30_000;

export interface RouterOptions {
  readonly config: RouterConfig;
  readonly logger: Logger;
  readonly timeouts?: Partial<ForwardTimeouts>;
  readonly processMetrics?: boolean;
  /** Instead of what LAPIDARY_PUBLIC_DOOR says: stamps of one machine differ by port. */
  readonly publicDoors?: PublicDoors;
}

export interface RouterPorts {
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Of the name server, where there is one. */
  readonly dnsPort: number | undefined;
  /** Of TLS, where there are certificates. */
  readonly tlsPort: number | undefined;
}

const placeOf = (config: RouterConfig): RouterPlace => ({
  region: config.LAPIDARY_REGION,
  jurisdiction: config.LAPIDARY_ROUTER_JURISDICTION,
  strictRedirects: Object.fromEntries(config.LAPIDARY_STRICT_REDIRECTS.map((item) => item.split('=', 2) as [string, string])),
});

const linksOf = (config: RouterConfig): { readonly routerId: string; readonly key: string | null } | null =>
  config.LAPIDARY_ROUTER_LINKS === 'off' ? null : { routerId: config.LAPIDARY_ROUTER_ID, key: config.LAPIDARY_LINK_KEY_FILE ?? null };

/** One router: directory in, requests through. Everything it needs to serve is in this process or on its disk. */
export class Router {
  readonly directory = new Directory(systemClock);
  readonly metrics: RouterMetrics;
  private readonly link: NatsLink;
  private readonly source: DirectorySource;
  private readonly copyPlace: DiskCopyPlace;
  private readonly diskCopy: DiskCopyWriter;
  private readonly traffic: TrafficServer | FastServer;
  private readonly audit: AuditLoop;
  private readonly admin: AdminServer;
  private readonly pools = new UpstreamPools();
  private readonly policyPart: PolicyPart;
  private readonly observer: Observer;
  private readonly accessLog: AccessLog | null;
  private readonly explainDeps: ExplainDeps;
  private readonly dns: ReturnType<typeof dnsFromConfig>;
  private readonly edges: Edges;
  private readonly publicDoors: PublicDoors;
  private ownPaths: OwnPaths | undefined;
  private identification: Identification | undefined;
  private fleetLink: FleetLink | null = null;
  private sweep: NodeJS.Timeout | null = null;
  private draining = false;

  constructor(private readonly options: RouterOptions) {
    const { config, logger } = options;
    const region = config.LAPIDARY_REGION;
    this.metrics = createRouterMetrics({ processMetrics: options.processMetrics ?? true });
    this.link = new NatsLink({
      url: config.LAPIDARY_NATS_URL,
      user: config.LAPIDARY_NATS_USER,
      password: config.LAPIDARY_NATS_PASSWORD,
      name: `router ${config.LAPIDARY_ROUTER_ID}`,
      logger,
    });
    const { directory, metrics, link, pools } = this;
    this.policyPart = new PolicyPart({
      region,
      router: config.LAPIDARY_ROUTER_ID,
      link,
      directoryFile: config.LAPIDARY_DIRECTORY_FILE,
      hasStamp: (stamp) => directory.stamp(stamp) !== undefined,
      logger,
    });
    const { policy } = this.policyPart;
    const baseDomain = config.LAPIDARY_BASE_DOMAIN;
    this.publicDoors = options.publicDoors ?? publicDoorsFrom(config.LAPIDARY_PUBLIC_DOOR);
    this.dns = dnsFromConfig(config, directory, metrics, logger);
    this.copyPlace = { file: config.LAPIDARY_DIRECTORY_FILE, region, key: config.LAPIDARY_DIRECTORY_KEY_FILE };
    this.source = new DirectorySource({ region, link, directory, clock: systemClock, metrics, logger });
    this.diskCopy = new DiskCopyWriter(this.copyPlace, directory, metrics, logger);
    this.audit = new AuditLoop(directory, metrics, logger, () => void this.source.reload());
    const place = placeOf(config);
    const identification = (): Identification | undefined => this.identification;
    const identifyRules = (): readonly IdentifyRule[] => this.identification?.rules ?? [];
    this.explainDeps = { routerId: config.LAPIDARY_ROUTER_ID, region, baseDomain, directory, policy, place, identifyRules };
    const timeouts = { ...forwardTimeouts, ...options.timeouts };
    const refreshTenant = (tenant: string): Promise<void> => this.source.refreshTenant(tenant);
    const ownPaths = (): OwnPaths | undefined => this.ownPaths;
    this.accessLog = accessLogFromConfig(config);
    this.observer = new Observer(metrics, this.accessLog, tracesFromConfig(config, metrics));
    const { observer, policyPart } = this;
    const clients = new ClientBook(config.LAPIDARY_TRUSTED_PROXIES);
    const traffic = {
      observer,
      ownPaths,
      identification,
      clients,
      policy,
      pools,
      metrics,
      timeouts,
      refreshTenant,
      baseDomain,
      directory,
      place,
      logger,
      tunnelIdleMs,
    };
    const general = new TrafficServer(traffic);
    this.edges = new Edges(config, general, clients, metrics, logger);
    this.traffic =
      config.LAPIDARY_ROUTER_ENGINE === 'fast' ? new FastServer(traffic, general, new NetTransport(), linksOf(config)) : general;
    this.admin = new AdminServer({
      ...this.explainDeps,
      observer,
      policyPart,
      metrics,
      readiness: () => this.readiness(),
      countNow: () => void (this.traffic instanceof FastServer && this.traffic.countNow()),
    });
  }

  /** Serves from the copy on disk at once, and from the live directory when it has come. */
  async start(): Promise<RouterPorts> {
    const { config } = this.options;
    this.ownPaths = await OwnPaths.from(config, this.publicDoors, this.metrics, this.options.logger);
    this.identification = await Identification.from(config, this.metrics, this.options.logger);
    await this.policyPart.start();
    await this.loadDiskCopy();
    const adminPort = await this.admin.listen(config.LAPIDARY_ADMIN_HOST, config.LAPIDARY_ADMIN_PORT);
    const { proxiedPort, tlsPort } = await this.edges.listen();
    const trafficPort = proxiedPort ?? (await this.traffic.listen(config.LAPIDARY_HTTP_HOST, config.LAPIDARY_HTTP_PORT));
    this.source.start();
    this.audit.start();
    const { observer, policyPart } = this;
    const traffic = (): TrafficSummary => trafficReport(config.LAPIDARY_ROUTER_ID, observer, policyPart);
    this.fleetLink = new FleetLink(this.link, { ...this.explainDeps, traffic });
    this.sweep = setInterval(() => this.sweepPools(), poolSweepMs);
    const dnsPort = await this.dns?.listen();
    return { trafficPort, adminPort, dnsPort, tlsPort };
  }

  /** Not ready first, so that nobody sends anything new; then lets what is in flight end; then everything else. */
  async stop(graceMs: number): Promise<void> {
    this.draining = true;
    this.fleetLink?.stop();
    this.edges.drain();
    await this.traffic.drain(graceMs);
    this.edges.destroy();
    await this.dns?.close();
    this.ownPaths?.stop();
    await this.identification?.stop();
    await this.policyPart.stop();
    this.audit.stop();
    await this.source.stop();
    await this.diskCopy.stop();
    await this.link.close();
    if (this.sweep) clearInterval(this.sweep);
    this.pools.close();
    await this.admin.close();
    await this.accessLog?.close();
    await this.observer.traces.close();
  }

  readiness(): Readiness {
    const reasons: string[] = [];
    if (this.draining) reasons.push('shutting down');
    if (!this.directory.isLoaded) reasons.push('no directory yet: neither from NATS nor from a copy on disk');
    const ageMsMax = this.options.config.LAPIDARY_DIRECTORY_AGE_MAX_MS;
    const { ageMs } = this.directory.state();
    if (ageMsMax > 0 && ageMs > ageMsMax)
      reasons.push(`the directory was last confirmed ${Math.round(ageMs / 1000)} s ago; it still serves`);
    return { ready: reasons.length === 0, reasons };
  }

  private sweepPools(): void {
    const frontDoors = this.directory.current?.frontDoors() ?? new Set<string>();
    this.pools.keepOnly(frontDoors);
    if (this.traffic instanceof FastServer) this.traffic.keepOnly(frontDoors);
  }

  private async loadDiskCopy(): Promise<void> {
    const { logger } = this.options;
    const begunMs = performance.now();
    const read = await readDiskCopy(this.copyPlace);
    for (const { reason, keptAs } of read.refused) logger.error({ reason, keptAs }, 'a copy of the directory on disk is refused');
    if (!read.ok) return;
    this.directory.swap(read.copy.table, 'disk', read.copy.confirmedAtMs);
    const tookMs = Math.round(performance.now() - begunMs);
    logger.info({ ...this.directory.digest, file: read.from, tookMs }, 'serving from the copy of the directory on disk');
  }
}
