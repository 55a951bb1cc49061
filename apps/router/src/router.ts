import type { RouterConfig } from '@lapidary/config/router';
import type { TrafficSummary } from '@lapidary/contracts/api/traffic';
import { AppError } from '@lapidary/kernel/app-error';
import { systemClock } from '@lapidary/kernel/clock';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import type { Logger } from '@lapidary/telemetry/logger';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminServer, type Readiness } from './admin-server.js';
import { AuditLoop } from './directory/audit-loop.js';
import { DirectorySource } from './directory/directory-source.js';
import { Directory } from './directory/directory.js';
import { directoryReplica } from './directory/directory-replica.js';
import { DiskCopyWriter } from './directory/disk-copy-writer.js';
import { dnsFromConfig } from './dns/dns-from-config.js';
import { readDiskCopy, type DiskCopyPlace } from './directory/disk-copy.js';
import type { ExplainDeps } from './explain.js';
import { FleetLink } from './fleet-link.js';
import { cameTrue } from './leave.js';
import { createRouterMetrics, type RouterMetrics } from './metrics.js';
import { trafficReport } from './observe/traffic-report.js';
import type { PublicDoors } from './public-doors.js';
import type { SpentCause } from './keeper/keeper-messages.js';
import type { GivenSockets } from './given-sockets.js';
import type { Takers } from './takers.js';
import { placeOf, Traffic } from './traffic.js';
import { WorkerPool } from './workers/worker-pool.js';

/** Built beside this file. */
const workerFile = new URL('./workers/worker-main.js', import.meta.url);

export interface RouterOptions {
  readonly config: RouterConfig;
  readonly logger: Logger;
  readonly timeouts?: Partial<ForwardTimeouts>;
  readonly processMetrics?: boolean;
  /** Instead of what LAPIDARY_PUBLIC_DOOR says: stamps of one machine differ by port. */
  readonly publicDoors?: PublicDoors;
  /** Required with LAPIDARY_ROUTER_WORKERS. */
  readonly sockets?: GivenSockets;
  /** Of what was given for workers, nothing is left. */
  readonly onSpent?: (cause: SpentCause) => void;
}

export interface RouterPorts {
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Of the name server, where there is one. */
  readonly dnsPort: number | undefined;
  /** Of TLS, where there are certificates. */
  readonly tlsPort: number | undefined;
}

/**
 * How long a copy from disk is taken to lack something. Where NATS can be reached the directory is live before that, also a large one; where not, the
 * copy is all there is (I7), and who asks for nobody is told so.
 */
const copyAloneMs = 30_000;

/** One router: directory in, requests through. Everything it needs to serve is in this process or on its disk. */
export class Router {
  readonly directory = new Directory(systemClock);
  readonly metrics: RouterMetrics;
  private readonly link: NatsLink;
  private readonly source: DirectorySource;
  private readonly copyPlace: DiskCopyPlace;
  private readonly diskCopy: DiskCopyWriter;
  private readonly takers: Takers;
  private readonly audit: AuditLoop;
  private readonly admin: AdminServer;
  private readonly explainDeps: ExplainDeps;
  private readonly dns: ReturnType<typeof dnsFromConfig>;
  private fleetLink: FleetLink | null = null;
  private draining = false;
  private copyAlone: NodeJS.Timeout | undefined;

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
      onRefused: (subject, why) => this.metrics.lapidary_router_nats_refused_total.inc({ subject, why }),
    });
    const { directory, metrics, link } = this;
    this.dns = dnsFromConfig(config, directory, metrics, logger);
    this.copyPlace = {
      file: config.LAPIDARY_DIRECTORY_FILE,
      region,
      key: config.LAPIDARY_DIRECTORY_KEY_FILE,
      previousKey: config.LAPIDARY_DIRECTORY_PREVIOUS_KEY_FILE,
    };
    this.source = new DirectorySource({ region, link, directory, clock: systemClock, metrics, logger });
    this.diskCopy = new DiskCopyWriter(this.copyPlace, directory, metrics, logger);
    this.audit = new AuditLoop(directory, metrics, logger, () => void this.source.reload());
    this.takers = this.takersFor(options);
    const baseDomain = config.LAPIDARY_BASE_DOMAIN;
    this.explainDeps = {
      routerId: config.LAPIDARY_ROUTER_ID,
      region,
      baseDomain,
      directory,
      takers: this.takers,
      place: placeOf(config),
      identifyRules: () => this.takers.identifyRules(),
    };
    this.admin = new AdminServer({ ...this.explainDeps, takers: this.takers, metrics, readiness: () => this.readiness() });
  }

  /** Serves from the copy on disk at once, and from the live directory when it has come. */
  async start(): Promise<RouterPorts> {
    await this.loadDiskCopy();
    const { trafficPort, tlsPort } = await this.takers.listen();
    const { adminPort, dnsPort } = await this.lead();
    this.follow();
    return { trafficPort, adminPort, dnsPort, tlsPort };
  }

  /**
   * What start() does, but for lead(). `liveWithinMs`: takes no request before the directory is live; when that doesn't come in
   * time, by a copy on disk, and without one it throws `not_ready`.
   */
  async startBehind(liveWithinMs: number): Promise<void> {
    await this.loadDiskCopy();
    this.follow();
    const isLive = await cameTrue(() => this.directory.isLive, liveWithinMs);
    if (liveWithinMs > 0 && !isLive && !this.directory.isLoaded) throw new AppError('not_ready', 'The directory has not come.');
    await this.takers.listen();
  }

  /** Of several processes of one router, one leads: it has the admin port, the name server, and speaks to the fleet. */
  async lead(): Promise<Pick<RouterPorts, 'adminPort' | 'dnsPort'>> {
    const { config, sockets } = this.options;
    const place = { host: config.LAPIDARY_ADMIN_HOST, port: config.LAPIDARY_ADMIN_PORT };
    const adminPort = await this.admin.listen(sockets ? { fd: sockets.admin } : place);
    const traffic = async (): Promise<TrafficSummary> => trafficReport(config.LAPIDARY_ROUTER_ID, await this.takers.looks());
    const replica = directoryReplica(this.directory, async () => this.source.reload());
    this.fleetLink = new FleetLink(this.link, { ...this.explainDeps, traffic, replica });
    const dnsPort = await this.dns?.listen();
    return { adminPort, dnsPort };
  }

  /** Gives up what lead() took; requests are still taken. */
  async release(): Promise<void> {
    this.fleetLink?.stop();
    this.fleetLink = null;
    await this.dns?.close();
    await this.admin.close();
  }

  /**
   * Not ready first, so that nobody sends anything new; then lets what is in flight end; then everything else. `relieved`: another
   * process of this router goes on.
   */
  async stop(graceMs: number, relieved = false): Promise<void> {
    this.draining = true;
    clearTimeout(this.copyAlone);
    this.fleetLink?.stop();
    if (!relieved && graceMs > 0) await sleep(this.options.config.LAPIDARY_STOP_DELAY_MS);
    await this.takers.drain(graceMs, relieved);
    await this.dns?.close();
    this.audit.stop();
    await this.source.stop();
    await this.diskCopy.stop(relieved);
    await this.link.close();
    await this.admin.close();
  }

  readiness(): Readiness {
    const reasons: string[] = [...this.takers.problems()];
    if (this.draining) reasons.push('shutting down');
    if (!this.directory.isLoaded) reasons.push('no directory yet: neither from NATS nor from a copy on disk');
    const { LAPIDARY_DIRECTORY_AGE_MAX_MS: ageMsMax, LAPIDARY_DIRECTORY_LAG_MAX_MS: lagMsMax } = this.options.config;
    const { ageMs, lagMs } = this.directory.state();
    if (ageMsMax > 0 && ageMs > ageMsMax)
      reasons.push(`no control plane was heard of the directory for ${Math.round(ageMs / 1000)} s; it still serves`);
    if (lagMsMax > 0 && lagMs > lagMsMax)
      reasons.push(`the directory is ${Math.round(lagMs / 1000)} s behind the control plane; it still serves`);
    return { ready: reasons.length === 0, reasons };
  }

  private takersFor({ config, logger, sockets, timeouts, publicDoors, onSpent }: RouterOptions): Takers {
    const { directory, link, metrics } = this;
    const refreshTenant = (tenant: string): Promise<void> => this.source.refreshTenant(tenant);
    const parts = { config, directory, metrics, logger, refreshTenant };
    if (config.LAPIDARY_ROUTER_WORKERS === 0)
      return new Traffic({ ...parts, link, ...(timeouts ? { timeouts } : {}), ...(publicDoors ? { publicDoors } : {}) });
    if (!sockets) throw new AppError('config_invalid', 'Workers need listening sockets that their keeper has opened.');
    return new WorkerPool({ ...parts, workerFile, sockets, onSpent: onSpent ?? (() => undefined) });
  }

  private follow(): void {
    this.source.start();
    this.audit.start();
  }

  private async loadDiskCopy(): Promise<void> {
    const { logger } = this.options;
    const begunMs = performance.now();
    const read = await readDiskCopy(this.copyPlace);
    for (const { reason, keptAs } of read.refused) logger.error({ reason, keptAs }, 'a copy of the directory on disk is refused');
    if (!read.ok) return;
    this.directory.swap(read.copy.table, 'disk', read.copy.confirmedAtMs);
    this.copyAlone = setTimeout(() => this.directory.settle(), copyAloneMs).unref();
    const tookMs = Math.round(performance.now() - begunMs);
    logger.info({ ...this.directory.digest, file: read.from, tookMs }, 'serving from the copy of the directory on disk');
  }
}
