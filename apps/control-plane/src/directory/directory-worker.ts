import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { SnapshotRequestSchema } from '@lapidary/contracts/directory';
import { RouterHeartbeatSchema } from '@lapidary/contracts/router-protocol';
import { directorySnapshot, routerHeartbeat } from '@lapidary/contracts/subjects';
import { Leader } from '@lapidary/db/leader';
import { Listener } from '@lapidary/db/listener';
import { rowsOf } from '@lapidary/db/rows';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { directoryLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS, NATS, NATS_STREAMS } from '../process/tokens.js';
import { AgentPush, retryMs } from './agent-push.js';
import { directoryMetrics } from './metrics.js';
import { DirectoryPublisher } from './publisher.js';
import { directoryChannel } from './record-route.js';
import { RouterFleet } from './router-fleet.js';
import { snapshotPage } from './snapshot.js';

const responders = 'control-plane';
const routersMs = 5_000;

/** Publishes the directory and tells the stamps (on one replica at a time), answers routers (on every replica). */
@Injectable()
export class DirectoryWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof directoryMetrics>;
  private readonly push: AgentPush;
  private readonly publisher: DirectoryPublisher;
  private readonly leader: Leader;
  private readonly listener: Listener;
  private readonly routers = new RouterFleet();
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly database: BackgroundDatabase,
    clock: HybridLogicalClock,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(NATS_STREAMS) streams: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    const { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url, LAPIDARY_BASE_DOMAIN: baseDomain } = config;
    this.logger = logger.child({ part: 'directory' });
    this.metrics = createMetrics(directoryMetrics, { processMetrics: false, registry });
    const shared = { region, dataSource: database.dataSource, nats, logger: this.logger, metrics: this.metrics };
    this.push = new AgentPush({ ...shared, clock, baseDomain });
    this.publisher = new DirectoryPublisher({ ...shared, nats: streams, onNumbered: (entries) => this.push.enqueue(entries) });
    const onError = (error: unknown): void => this.logger.warn({ err: error }, 'the directory lost its database connection');
    this.leader = new Leader({ url, name: 'directory', lockKey: directoryLock, onError, lead: async (signal) => this.lead(signal) });
    this.listener = new Listener({
      url,
      applicationName: `control-plane:${region}:directory`,
      channels: [directoryChannel],
      onNotify: () => this.publisher.wake(),
      onConnect: () => this.publisher.wake(),
      onError,
    });
  }

  onApplicationBootstrap(): void {
    const { dataSource } = this.database;
    const region = this.config.LAPIDARY_REGION;
    this.stops.push(
      this.nats.serveJson(
        directorySnapshot(region),
        SnapshotRequestSchema,
        async ({ after, limit }) => snapshotPage(dataSource, after, limit),
        {
          queue: responders,
        },
      ),
      this.nats.subscribeJson(routerHeartbeat(region), RouterHeartbeatSchema, (heartbeat) => this.routers.hear(heartbeat)),
    );
    const timer = setInterval(() => void this.observeRouters(), routersMs);
    this.stops.push(() => clearInterval(timer));
    this.listener.start();
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    this.push.stop();
    await Promise.all([this.leader.stop(), this.listener.stop()]);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    await Promise.all([this.publisher.lead(signal), this.keepRetrying(signal)]);
  }

  private async keepRetrying(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await new Wakeup().wait(retryMs, signal);
      if (signal.aborted || !this.nats.isConnected) continue;
      await this.push.retry().catch((error: unknown) => this.logger.warn({ err: error }, 'could not look for unconfirmed placements'));
    }
  }

  private async observeRouters(): Promise<void> {
    const { live, gone } = this.routers.look();
    for (const router of gone) this.metrics.lapidary_directory_router_lag.remove({ router });
    if (live.length === 0) return;
    try {
      const [row] = await rowsOf<{ cursor: string }>(this.database.dataSource, 'SELECT cursor FROM origin');
      const cursor = Number(row?.cursor ?? 0);
      for (const { router, directory } of live)
        this.metrics.lapidary_directory_router_lag.set({ router }, Math.max(0, cursor - directory.cursor));
    } catch (error) {
      this.logger.debug({ err: error }, 'the routers’ lag is not known at the moment');
    }
  }
}
