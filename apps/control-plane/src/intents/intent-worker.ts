import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { IntentRequestSchema } from '@lapidary/contracts/intent-protocol';
import { apiIntents } from '@lapidary/contracts/subjects';
import { Leader } from '@lapidary/db/leader';
import { Listener } from '@lapidary/db/listener';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { intentsLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS, NATS } from '../process/tokens.js';
import { ReplicationWorker } from '../replication/replication-worker.js';
import { answerIntent } from './answer-intent.js';
import { IntentDispatcher } from './dispatcher.js';
import { installForwarding } from './forward-hook.js';
import { openIntents } from '../regions/open-intents.js';
import { intentsChannel } from './intent-store.js';
import { intentMetrics } from './metrics.js';
import { pruneIntents } from './prune-intents.js';

/** Often enough for an alert that waits some minutes. */
const observeMs = 15_000;
/** Retention is measured in days. */
const pruneMs = 3_600_000;
const responders = 'control-plane';

/** Passes commands on or queues them, sends what waits (one replica at a time), and decides on the intents of other regions. */
@Injectable()
export class IntentWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof intentMetrics>;
  private readonly dispatchers: readonly IntentDispatcher[];
  private readonly leader: Leader;
  private readonly listener: Listener;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly replication: ReplicationWorker,
    private readonly host: HttpAdapterHost,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'intents' });
    this.metrics = createMetrics(intentMetrics, { processMetrics: false, registry });
    const { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url } = config;
    const { dataSource } = database;
    const of = { region, dataSource, logger: this.logger, metrics: this.metrics };
    this.dispatchers = [...replication.links].map(([peer, link]) => {
      const dispatcher = new IntentDispatcher({ ...of, peer, link });
      link.onConnected(() => dispatcher.reconnected());
      return dispatcher;
    });
    const wake = (): void => this.dispatchers.forEach((d) => d.wake());
    const onError = (error: unknown): void => this.logger.warn({ err: error }, 'the queue of intents lost its database connection');
    this.listener = new Listener({
      url,
      applicationName: `control-plane:${region}:intents`,
      channels: [intentsChannel],
      onNotify: wake,
      onConnect: wake,
      onError,
    });
    this.leader = new Leader({
      url,
      name: 'intents',
      lockKey: intentsLock,
      onError,
      lead: async (signal) => void (await Promise.all(this.dispatchers.map(async (d) => d.lead(signal)))),
    });
  }

  /** Before Fastify is ready, since hooks can't be added later. */
  onModuleInit(): void {
    installForwarding(this.fastify, {
      region: this.config.LAPIDARY_REGION,
      dataSource: this.database.dataSource,
      links: this.replication.links,
      onForwarded: (peer, outcome) => this.replication.noteForwarded(peer, outcome),
    });
  }

  onApplicationBootstrap(): void {
    const { LAPIDARY_REGION: region, LAPIDARY_PEERS: peers } = this.config;
    for (const [peer, { roleMax }] of Object.entries(peers)) {
      if (peer === region) continue;
      const options = { region, peer, roleMax, fastify: this.fastify, dataSource: this.database.dataSource };
      const answer = this.nats.serveJson(
        apiIntents(region, peer),
        IntentRequestSchema,
        async (request) => {
          const reply = await answerIntent(options, request);
          this.metrics.lapidary_intent_verdicts_total.inc({ origin: peer, verdict: reply.verdict });
          return reply;
        },
        { queue: responders },
      );
      this.stops.push(answer);
    }
    const timers = [setInterval(() => void this.observe(), observeMs), setInterval(() => void this.prune(), pruneMs)];
    this.stops.push(() => timers.forEach(clearInterval));
    if (this.dispatchers.length === 0) return;
    this.listener.start();
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await Promise.all([this.leader.stop(), this.listener.stop()]);
  }

  private get fastify(): FastifyInstance {
    return this.host.httpAdapter.getInstance<FastifyInstance>();
  }

  private async observe(): Promise<void> {
    try {
      const figures = await openIntents(this.database.dataSource);
      for (const owner of this.replication.links.keys()) {
        const of = figures.get(owner);
        for (const state of ['queued', 'sent', 'cancelling'] as const)
          this.metrics.lapidary_intents_open.set({ owner, state }, of?.[state] ?? 0);
        this.metrics.lapidary_intents_oldest_seconds.set({ owner }, of?.oldestSeconds ?? 0);
      }
    } catch (error) {
      this.logger.debug({ err: error }, 'how the queue of intents stands is not known at the moment');
    }
  }

  private async prune(): Promise<void> {
    await pruneIntents(this.database.dataSource).catch((error: unknown) =>
      this.logger.warn({ err: error }, 'old intents could not be pruned; trying again later'),
    );
  }
}
