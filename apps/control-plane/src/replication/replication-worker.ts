import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { apiForward } from '@lapidary/contracts/subjects';
import { Leader } from '@lapidary/db/leader';
import { HybridLogicalClock, parseHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { publishLive } from '../live/live-event.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { pullerLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS, NATS } from '../process/tokens.js';
import { ReplicationStatus } from '../regions/replication-status.js';
import { ForwardedRequestSchema } from './api-forward.js';
import { answerForwarded } from './forward-answer.js';
import { installForwarding } from './forward-hook.js';
import { replicationMetrics } from './metrics.js';
import { PeerLinks } from './peer-links.js';
import { pruneInbox } from './prune-inbox.js';
import { PeerPuller } from './puller.js';
import { suspendLoser } from './suspend-loser.js';

/** A stamp of a peer whose clock runs further ahead than this must not drag ours along (lab 8.5). */
const clockAheadMaxMs = 60_000;
const pruneMs = 3_600_000;
const responders = 'control-plane';

/** The links to the other regions: reads their events (one replica per link), passes requests on and answers theirs. */
@Injectable()
export class ReplicationWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof replicationMetrics>;
  private readonly links: PeerLinks;
  private readonly leaders: Leader[];
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    private readonly host: HttpAdapterHost,
    status: ReplicationStatus,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'replication' });
    this.metrics = createMetrics(replicationMetrics, { processMetrics: false, registry });
    this.links = new PeerLinks(config, this.logger, status, (peer, up) =>
      this.metrics.lapidary_replication_connected.set({ peer }, up ? 1 : 0),
    );
    this.leaders = [...this.links.byRegion].map(([peer, link]) => this.leaderFor(peer, link));
  }

  /** Before Fastify is ready, since hooks can't be added later. */
  onModuleInit(): void {
    installForwarding(this.fastify, {
      region: this.config.LAPIDARY_REGION,
      dataSource: this.database.dataSource,
      links: this.links.byRegion,
      onForwarded: (peer, outcome) => this.metrics.lapidary_forwarded_requests_total.inc({ peer, outcome }),
    });
  }

  onApplicationBootstrap(): void {
    const answer = this.nats.serveJson(
      apiForward(this.config.LAPIDARY_REGION),
      ForwardedRequestSchema,
      async (request) => answerForwarded(this.fastify, request),
      { queue: responders },
    );
    const timer = setInterval(() => void this.prune(), pruneMs);
    this.stops.push(answer, () => clearInterval(timer));
    for (const leader of this.leaders) leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await Promise.all(this.leaders.map(async (leader) => leader.stop()));
    await this.links.close();
  }

  private get fastify(): FastifyInstance {
    return this.host.httpAdapter.getInstance<FastifyInstance>();
  }

  private leaderFor(peer: string, link: NatsLink): Leader {
    const { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url, LAPIDARY_BASE_DOMAIN: baseDomain } = this.config;
    const tools = { clock: this.clock, baseDomain };
    const puller = new PeerPuller({
      region,
      peer,
      link,
      dataSource: this.database.dataSource,
      logger: this.logger,
      metrics: this.metrics,
      tools: {
        region,
        suspendLoser: async (tx, tenant, winner) => suspendLoser(tx, region, tools, tenant, winner),
        onConflict: (subject) => {
          this.metrics.lapidary_replication_conflicts_total.inc({ peer });
          this.logger.warn({ peer, subject }, 'two regions had given out one name; see the conflict ledger');
        },
      },
      onApplied: (events) => this.onApplied(events),
    });
    const onError = (error: unknown): void => this.logger.warn({ err: error, peer }, 'the reader of a peer lost its database connection');
    return new Leader({ url, name: `puller:${peer}`, lockKey: pullerLock(peer), onError, lead: async (signal) => puller.lead(signal) });
  }

  private onApplied(events: readonly EventEnvelope[]): void {
    for (const { hlc } of events) {
      const stamp = parseHlc(hlc);
      if (stamp && stamp.ms <= Date.now() + clockAheadMaxMs) this.clock.observe(hlc);
    }
    publishLive(this.nats, this.config.LAPIDARY_REGION, events);
  }

  private async prune(): Promise<void> {
    await pruneInbox(this.database.dataSource).catch((error: unknown) => this.logger.warn({ err: error }, 'the inbox could not be pruned'));
  }
}
