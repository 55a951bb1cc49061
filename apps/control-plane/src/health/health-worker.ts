import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  CredentialsRequestSchema,
  HeartbeatSchema,
  RegisterRequestSchema,
  SyncRequestSchema,
  type FenceNotice,
  type RegisterReply,
} from '@lapidary/contracts/agent-protocol';
import { agentCredentials, agentFence, agentHeartbeat, agentRegister, agentSync } from '@lapidary/contracts/subjects';
import { Leader } from '@lapidary/db/leader';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { machineNowMs } from '@lapidary/kernel/machine-clock';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { healthLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS, NATS } from '../process/tokens.js';
import { apiUrlOf } from './api-url.js';
import { answerCredentials, answerRegister, answerSync, type AgentTools } from './answer-agents.js';
import { HeartbeatBook } from './heartbeat-book.js';
import { healthMetrics } from './metrics.js';
import { StampMonitor } from './monitor.js';
import { thinTraffic } from './traffic-rows.js';

/** A stamp is written at most this often, however often it beats. */
const flushMs = 1_000;
/** Half an interval, so that a verdict is at most that late; not below what a busy database should bear. */
const lookMsMin = 250;
/** A server on the same network answers in milliseconds; well below what a stamp may be silent for. */
const answerMsMax = 1_000;
/** Retention is a day; this only spreads the work. */
const thinMs = 60_000;
const responders = 'control-plane';

/** Answers stamp agents and takes their heartbeats (on every replica), judges their health (on one at a time). */
@Injectable()
export class HealthWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof healthMetrics>;
  private readonly book = new HeartbeatBook();
  private readonly leader: Leader;
  private readonly tools: AgentTools;
  private readonly stops: (() => void)[] = [];
  private listeningSinceMs: number | null = null;
  private flushing = false;

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'health' });
    this.metrics = createMetrics(healthMetrics, { processMetrics: false, registry });
    this.tools = {
      region: config.LAPIDARY_REGION,
      dataSource: database.dataSource,
      clock,
      heartbeatMs: config.LAPIDARY_HEARTBEAT_MS,
      resyncMs: config.LAPIDARY_RESYNC_MS,
      apiUrl: apiUrlOf(config),
    };
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'health',
      lockKey: healthLock,
      lead: async (signal) => this.lead(signal),
      onError: (error) => this.logger.warn({ err: error }, 'the stamp monitor lost its database connection'),
    });
  }

  onApplicationBootstrap(): void {
    const region = this.config.LAPIDARY_REGION;
    const queue = { queue: responders };
    this.stops.push(
      this.nats.serveJson(
        agentRegister(region),
        RegisterRequestSchema,
        async (r) => this.registered(r.stamp, await answerRegister(this.tools, r)),
        queue,
      ),
      this.nats.serveJson(agentSync(region), SyncRequestSchema, async (r) => this.counted('sync', await answerSync(this.tools, r)), queue),
      this.nats.serveJson(
        agentCredentials(region),
        CredentialsRequestSchema,
        async (r) => this.counted('credentials', await answerCredentials(this.tools, r)),
        queue,
      ),
      this.nats.subscribeJson(agentHeartbeat(region), HeartbeatSchema, (beat) => this.book.take(beat), queue),
      this.nats.onConnected(() => (this.listeningSinceMs = machineNowMs())),
      this.nats.onDisconnected(() => (this.listeningSinceMs = null)),
    );
    const timer = setInterval(() => void this.flush(), flushMs);
    this.stops.push(() => clearInterval(timer));
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.leader.stop();
  }

  /** Whoever served the stamp before hears at once that it is no longer the one. */
  private registered(stamp: string, reply: RegisterReply): RegisterReply {
    if (reply.ok) this.fence(stamp, reply.epoch);
    return this.counted('register', reply);
  }

  private fence(stamp: string, epoch: number): void {
    if (this.nats.isConnected)
      this.nats.publishJson(agentFence(this.config.LAPIDARY_REGION, stamp), { stamp, epoch } satisfies FenceNotice);
  }

  private counted<T extends { readonly ok: true } | { readonly ok: false; readonly code: string }>(kind: string, reply: T): T {
    this.metrics.lapidary_agent_requests_total.inc({ kind, outcome: reply.ok ? 'ok' : reply.code });
    return reply;
  }

  private async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      const { written, refused, outdated } = await this.book.flush(this.database.dataSource);
      for (const stamp of written) this.metrics.lapidary_heartbeats_total.inc({ stamp });
      for (const [stamp, times] of refused) this.metrics.lapidary_heartbeats_refused_total.inc({ stamp }, times);
      for (const [stamp, epoch] of outdated) this.fence(stamp, epoch);
    } catch (error) {
      this.logger.warn({ err: error }, 'heartbeats could not be written');
      // The database's absence is nobody's silence: what was heard before it came back counts from then on.
      this.listeningSinceMs = this.nats.isConnected ? machineNowMs() : null;
    } finally {
      this.flushing = false;
    }
  }

  /** A server that is held up tells of nobody's heartbeat, and that is nobody's silence: long before pings find it out, all stamps would be suspected. */
  private async noteListening(): Promise<void> {
    if (!(await this.nats.answersWithin(answerMsMax))) this.listeningSinceMs = null;
    else this.listeningSinceMs ??= machineNowMs();
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const intervalMs = this.config.LAPIDARY_HEARTBEAT_MS;
    const leadingSinceMs = machineNowMs();
    const monitor = new StampMonitor({
      region: this.config.LAPIDARY_REGION,
      dataSource: this.database.dataSource,
      clock: this.clock,
      logger: this.logger,
      metrics: this.metrics,
      intervalMs: Math.max(intervalMs, flushMs),
      listeningMs: () => (this.listeningSinceMs === null ? 0 : machineNowMs() - Math.max(this.listeningSinceMs, leadingSinceMs)),
    });
    for (let thinnedAtMs = machineNowMs(); !signal.aborted;) {
      await new Wakeup().wait(Math.max(lookMsMin, intervalMs / 2), signal);
      if (signal.aborted) return;
      if (machineNowMs() - thinnedAtMs > thinMs) {
        thinnedAtMs = machineNowMs();
        await thinTraffic(this.database.dataSource).catch((error: unknown) =>
          this.logger.warn({ err: error }, 'old traffic could not be dropped'),
        );
      }
      await this.noteListening();
      await monitor.look().catch((error: unknown) => this.logger.warn({ err: error }, 'the stamps could not be looked at'));
    }
  }
}
