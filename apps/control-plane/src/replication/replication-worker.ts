import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { apiForward } from '@lapidary/contracts/subjects';
import { Leader } from '@lapidary/db/leader';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock, parseHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { limitTo } from '../auth/principal.js';
import { publishLive } from '../live/live-event.js';
import { heldChanges } from '../collections/release-held.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { pullerLock } from '../outbox/leader-locks.js';
import { CONFIG, NATS } from '../process/tokens.js';
import { Readiness } from '../process/readiness.js';
import { ReplicationStatus } from '../regions/replication-status.js';
import { PeerSeals, refusable } from '../signatures/peer-seals.js';
import { noteRefusals, recentRefusals, refusedTexts } from '../signatures/refusal-rows.js';
import { ForwardedRequestSchema, forwardTo, requestOf, type ForwardedAnswer, type ForwardedRequest } from './api-forward.js';
import { answerForwarded } from './forward-answer.js';
import { openDeadLetters } from './dead-letter-row.js';
import type { replicationMetrics } from './metrics.js';
import { readPosition } from './peer-position.js';
import { PeerLinks } from './peer-links.js';
import { pruneConvergence } from './convergence-rows.js';
import { pruneInbox } from './prune-inbox.js';
import { PeerPuller } from './puller.js';
import { refusedEpochs } from './refused-epochs.js';
import { takeUpWaiting } from './take-up-waiting.js';
import { ReplicationTools } from './replication-tools.js';

/** A stamp of a peer whose clock runs further ahead than this must not drag ours along (lab 8.5). */
const clockAheadMaxMs = 60_000;
const pruneMs = 3_600_000;
/** Often enough for an alert that waits some minutes. */
const observeMs = 15_000;
const responders = 'control-plane';

/** The links to the other regions: reads their events (one replica per link), passes requests on and answers theirs. */
@Injectable()
export class ReplicationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof replicationMetrics>;
  private readonly peerLinks: PeerLinks;
  private readonly leaders: Leader[];
  private readonly stops: (() => void)[] = [];
  /** A round with much to take in is longer than the time between two. */
  private observing = false;

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    private readonly tools: ReplicationTools,
    private readonly host: HttpAdapterHost,
    status: ReplicationStatus,
    private readonly seals: PeerSeals,
    readiness: Readiness,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {
    this.logger = tools.logger;
    this.metrics = tools.metrics;
    this.peerLinks = new PeerLinks(config, seals, this.logger, status, (peer, up) =>
      this.metrics.lapidary_replication_connected.set({ peer }, up ? 1 : 0),
    );
    // From zero on, so that the first is an increase.
    for (const peer of this.peerLinks.byRegion.keys())
      for (const [what, whys] of Object.entries(refusable))
        for (const why of whys) this.metrics.lapidary_replication_signatures_refused_total.inc({ peer, what, why }, 0);
    seals.onRefused(({ peer, what, why }) => this.metrics.lapidary_replication_signatures_refused_total.inc({ peer, what, why }));
    readiness.registerFlaws('signatures', async () => refusedTexts(await recentRefusals(database.dataSource)));
    this.leaders = [...this.peerLinks.byRegion].map(([peer, link]) => this.leaderFor(peer, link));
  }

  /** Asks any region's API, this one's too, as a part of this process: through the same door as a forwarded request. */
  async ask(region: string, request: ForwardedRequest): Promise<ForwardedAnswer> {
    if (region === this.config.LAPIDARY_REGION) return await answerForwarded(this.fastify, request);
    const link = this.peerLinks.byRegion.get(region);
    if (!link) throw new AppError('region_unreachable', `Region ${this.config.LAPIDARY_REGION} has no link to region ${region}`);
    return await forwardTo(link, region, request);
  }

  onApplicationBootstrap(): void {
    const answers = [...this.peerLinks.byRegion.keys()].map((peer) =>
      this.nats.serveJson(
        apiForward(this.config.LAPIDARY_REGION, peer),
        ForwardedRequestSchema,
        async (request) => this.answer(requestOf(peer, request)),
        { queue: responders },
      ),
    );
    const timers = [setInterval(() => void this.prune(), pruneMs), setInterval(() => void this.observe(), observeMs)];
    this.stops.push(...answers, () => timers.forEach(clearInterval));
    for (const leader of this.leaders) leader.start();
    const { unsigned, keys } = this.seals;
    if (unsigned.length > 0 || (!keys.isSigning && this.leaders.length > 0))
      this.logger.warn(
        { unsigned, signing: keys.isSigning },
        'regions are believed by their passwords alone: LAPIDARY_PEER_KEYS_FILE lacks them',
      );
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await Promise.all(this.leaders.map(async (leader) => leader.stop()));
    await this.peerLinks.close();
  }

  noteForwarded(peer: string, outcome: 'answered' | 'unreachable'): void {
    this.metrics.lapidary_forwarded_requests_total.inc({ peer, outcome });
  }

  /** To the other regions, by name. */
  get links(): ReadonlyMap<string, NatsLink> {
    return this.peerLinks.byRegion;
  }

  /** A region speaks for its people as far as it may here (`roleMax`). */
  private async answer(request: ForwardedRequest): Promise<ForwardedAnswer> {
    if ((await readPosition(this.database.dataSource, request.from)).fenced)
      throw new AppError('region_given_up', `Region ${request.from} was given up: nothing is done for it`);
    const { roleMax } = this.config.LAPIDARY_PEERS[request.from]!;
    return await answerForwarded(this.fastify, { ...request, principal: limitTo(request.principal, roleMax) });
  }

  private get fastify(): FastifyInstance {
    return this.host.httpAdapter.getInstance<FastifyInstance>();
  }

  private leaderFor(peer: string, link: NatsLink): Leader {
    const { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url } = this.config;
    const puller = new PeerPuller({
      region,
      peer,
      link,
      dataSource: this.database.takingIn,
      logger: this.logger,
      metrics: this.metrics,
      tools: this.tools.apply,
      seals: this.seals,
      onApplied: (events) => this.onApplied(events),
    });
    const onError = (error: unknown): void => this.logger.warn({ err: error, peer }, 'the reader of a peer lost its database connection');
    return new Leader({ url, name: `puller:${peer}`, lockKey: pullerLock(peer), onError, lead: async (signal) => puller.lead(signal) });
  }

  private onApplied(events: readonly EventEnvelope[]): void {
    // From the last one back, which is nearly always the latest: what is earlier than one that was observed says nothing.
    let observed = '';
    for (const { hlc } of events.toReversed()) {
      const stamp = hlc > observed ? parseHlc(hlc) : null;
      if (!stamp || stamp.ms > Date.now() + clockAheadMaxMs) continue;
      this.clock.observe(hlc);
      observed = hlc;
    }
    publishLive(this.nats, this.config.LAPIDARY_REGION, events);
  }

  private async observe(): Promise<void> {
    if (this.observing) return;
    this.observing = true;
    const onApplied = (events: readonly EventEnvelope[]): void => publishLive(this.nats, this.config.LAPIDARY_REGION, events);
    const { logger } = this;
    try {
      await takeUpWaiting({ dataSource: this.database.dataSource, tools: this.tools.apply, onApplied, logger });
      await this.count();
    } catch (error) {
      logger.warn({ err: error }, 'what waits of the peers’ events is not known at the moment');
    } finally {
      this.observing = false;
    }
  }

  private async count(): Promise<void> {
    const { dataSource } = this.database;
    const { unsigned } = this.seals;
    for (const peer of this.peerLinks.byRegion.keys())
      this.metrics.lapidary_replication_unsigned.set({ peer }, unsigned.includes(peer) ? 1 : 0);
    await noteRefusals(dataSource, this.seals.take());
    const held = await heldChanges(dataSource);
    for (const origin of this.peerLinks.byRegion.keys())
      this.tools.collections.lapidary_collection_held_changes.set({ origin }, held.get(origin) ?? 0);
    const open = await openDeadLetters(dataSource);
    const refused = await refusedEpochs(dataSource);
    for (const peer of this.peerLinks.byRegion.keys()) {
      this.metrics.lapidary_replication_refused_epochs.set({ peer }, refused.filter(({ origin }) => origin === peer).length);
      this.metrics.lapidary_replication_dead_letters_open.set({ peer }, open.get(peer)?.open ?? 0);
      this.metrics.lapidary_replication_quarantined_events.set({ peer }, open.get(peer)?.waiting ?? 0);
      this.metrics.lapidary_replication_awaiting_version.set({ peer }, open.get(peer)?.awaitVersion ?? 0);
    }
  }

  private async prune(): Promise<void> {
    await pruneConvergence(this.database.dataSource).catch(() => undefined);
    await pruneInbox(this.database.dataSource).catch((error: unknown) => this.logger.warn({ err: error }, 'the inbox could not be pruned'));
  }
}
