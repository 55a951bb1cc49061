import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { Listener } from '@lapidary/db/listener';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { publishLive } from '../live/live-event.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { Readiness } from '../process/readiness.js';
import { CONFIG, LOGGER, METRICS, NATS, NATS_STREAMS } from '../process/tokens.js';
import { PeerSeals } from '../signatures/peer-seals.js';
import { BackgroundDatabase } from './background-database.js';
import { relayLock } from './leader-locks.js';
import { outboxMetrics } from './metrics.js';
import { pruneOutbox } from './prune-outbox.js';
import { outboxChannel } from './record-event.js';
import { readTrouble } from './publishing-trouble.js';
import { OutboxRelay } from './relay.js';
import { servePeers } from './serve-peers.js';

/** Retention is measured in days; this only spreads the work. */
const pruneMs = 600_000;

/** Runs the relay (on one replica at a time) and answers peers (on every replica). */
@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof outboxMetrics>;
  private readonly relay: OutboxRelay;
  private readonly leader: Leader;
  private readonly listener: Listener;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly database: BackgroundDatabase,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(NATS_STREAMS) streams: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
    readiness: Readiness,
    seals: PeerSeals,
  ) {
    readiness.registerFlaws('publishing', async () =>
      (await readTrouble(database.dataSource)).map(({ what, since, because }) => `${what} are not published since ${since}: ${because}`),
    );
    this.logger = logger.child({ part: 'outbox' });
    this.metrics = createMetrics(outboxMetrics, { processMetrics: false, registry });
    const onError = (error: unknown): void => this.logger.warn({ err: error }, 'the outbox lost its database connection');
    const { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url } = config;
    this.relay = new OutboxRelay({
      dataSource: database.dataSource,
      nats: streams,
      keys: seals.keys,
      logger: this.logger,
      metrics: this.metrics,
      onPublished: (events) => publishLive(nats, region, events),
    });
    this.leader = new Leader({ url, name: 'outbox', lockKey: relayLock, onError, lead: async (signal) => this.lead(signal) });
    this.listener = new Listener({
      url,
      applicationName: `control-plane:${region}:outbox`,
      channels: [outboxChannel],
      onNotify: () => this.relay.wake(),
      onConnect: () => this.relay.wake(),
      onError,
    });
  }

  onApplicationBootstrap(): void {
    const { dataSource } = this.database;
    const region = this.config.LAPIDARY_REGION;
    this.stops.push(
      ...servePeers(this.nats, dataSource, region, peersOf(this.config), (events) =>
        this.metrics.lapidary_outbox_backfill_events_total.inc(events),
      ),
    );
    this.listener.start();
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await Promise.all([this.leader.stop(), this.listener.stop()]);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    await Promise.all([this.relay.lead(signal), this.keepPruning(signal)]);
  }

  private async keepPruning(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await new Wakeup().wait(pruneMs, signal);
      if (signal.aborted) return;
      try {
        this.metrics.lapidary_outbox_pruned_total.inc(await pruneOutbox(this.database.dataSource, peersOf(this.config)));
      } catch (error) {
        this.logger.warn({ err: error }, 'the outbox could not be pruned; trying again later');
      }
    }
  }
}
