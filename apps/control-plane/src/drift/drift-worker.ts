import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { Listener } from '@lapidary/db/listener';
import { inTransaction } from '@lapidary/db/transaction';
import { toAppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { keepRounds } from '@lapidary/kernel/rounds';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { systemContext } from '../http/command-context.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { driftLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS, NATS } from '../process/tokens.js';
import { PlannerProcess } from '../provisioning/planner-process.js';
import { ReplicationTools } from '../replication/replication-tools.js';
import { ReplicationWorker } from '../replication/replication-worker.js';
import { dueAtMs } from './drift-status.js';
import { DriftGauges } from './drift-gauges.js';
import { driftMetrics } from './metrics.js';
import { performRepair, performRun, type RunDeps } from './perform-run.js';
import { PlantedStack } from './planted-stack.js';
import { realWorld } from './real-world.js';
import type { RepairDeps } from './repair-deps.js';
import { hasRepairable } from './repair-findings.js';
import { ReplicaWatch } from './replica-watch.js';
import { ReplicaFleet } from './routes/replica-fleet.js';
import { RouteWatch } from './routes/route-watch.js';
import { serveSchema } from './schema/serve-schema.js';
import {
  driftChannel,
  endRun,
  interruptRuns,
  lastRunOverAll,
  pruneDrift,
  queueRun,
  startRun,
  type RunOutcome,
  type RunRow,
} from './run-rows.js';

/** Ages and ended suppressions show in the metrics at this rhythm; scrapes come every 15 to 60 s. */
const gaugesMs = 10_000;
/** After a failure of the database. */
const retryMs = 2_000;

/** Looks for drift, when it is due and when it is asked to; one leader per region. */
@Injectable()
export class DriftWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof driftMetrics>;
  private readonly leader: Leader;
  private readonly gauges: DriftGauges;
  private readonly wakeup = new Wakeup();
  private readonly replicas = new ReplicaWatch();
  private readonly routeReplicas: ReplicaFleet;
  private readonly routeWatch = new RouteWatch();
  private stopAnswering: () => void = () => undefined;

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    private readonly planner: PlannerProcess,
    private readonly plantedStack: PlantedStack,
    private readonly replication: ReplicationWorker,
    private readonly replicationTools: ReplicationTools,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'drift' });
    this.metrics = createMetrics(driftMetrics, { processMetrics: false, registry });
    this.routeReplicas = new ReplicaFleet(config.LAPIDARY_REGION, nats);
    this.gauges = new DriftGauges(this.metrics);
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'drift',
      lockKey: driftLock,
      lead: (signal) => this.lead(signal),
      onError: (error) => this.logger.warn({ err: error }, 'the drift runs lost their database connection'),
    });
  }

  onApplicationBootstrap(): void {
    this.stopAnswering = serveSchema(this.nats, this.database.dataSource, this.config.LAPIDARY_REGION, peersOf(this.config));
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopAnswering();
    this.routeReplicas.close();
    await this.leader.stop();
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const sinceMs = Date.now();
    const wake = (): void => this.wakeup.wake();
    const listener = new Listener({
      url: this.config.LAPIDARY_DATABASE_URL,
      applicationName: 'listener:drift',
      channels: [driftChannel],
      onNotify: wake,
      onConnect: wake,
      onError: (error) => this.logger.warn({ err: error }, 'requests for drift runs are not heard; they are seen by the timer'),
    });
    listener.start();
    const ended = new AbortController();
    try {
      // Beside the turns: a run that hangs is what these figures must tell of.
      void keepRounds(
        AbortSignal.any([signal, ended.signal]),
        gaugesMs,
        async () => this.gauges.show(this.database.dataSource, sinceMs, this.config.LAPIDARY_DRIFT_INTERVAL_MS),
        (error) => signal.aborted || this.logger.warn({ err: error }, 'what stands of drift could not be counted; trying again'),
      );
      await inTransaction(this.database.dataSource, interruptRuns);
      while (!signal.aborted) await this.turn(sinceMs, signal);
    } finally {
      ended.abort();
      await listener.stop();
      this.gauges.forget();
    }
  }

  /** One run where one waits or is due, else a pause. */
  private async turn(sinceMs: number, signal: AbortSignal): Promise<void> {
    try {
      const dueMs = dueAtMs(await lastRunOverAll(this.database.dataSource), sinceMs, this.config.LAPIDARY_DRIFT_INTERVAL_MS);
      if (dueMs <= Date.now()) await this.schedule();
      const run = await inTransaction(this.database.dataSource, startRun);
      const isSeen = run ? await this.perform(run, signal) : await this.lookWhereDue(signal);
      // After a look, never after a repair: what it did not help is looked at again first.
      if (isSeen && !run?.repair) await this.repairWhereDue();
      if (run) await this.gauges.show(this.database.dataSource, sinceMs, this.config.LAPIDARY_DRIFT_INTERVAL_MS);
      if (!run) await this.wakeup.wait(Math.min(gaugesMs, Math.max(0, dueMs - Date.now())), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.logger.warn({ err: error }, 'looking for drift failed; it is tried again');
      await new Wakeup().wait(retryMs, signal);
    }
  }

  private async lookWhereDue(signal: AbortSignal): Promise<boolean> {
    const [documents, routes] = [
      await this.replicas.lookWhereDue(this.deps, signal),
      await this.routeWatch.lookWhereDue(this.deps, signal),
    ];
    return documents || routes;
  }

  private async performed(run: RunRow, signal: AbortSignal): Promise<RunOutcome> {
    const context = { region: run.region, actor: run.requested_by, requestId: run.id, reason: null };
    return run.repair ? await performRepair(this.deps, context, run.repair, signal) : await performRun(this.deps, run, signal);
  }

  /** Where the policy says so: what stands is repaired, and looked at again, as if somebody had asked. */
  private async repairWhereDue(): Promise<void> {
    if (this.config.LAPIDARY_DRIFT_REPAIR !== 'act') return;
    const context = systemContext(this.config.LAPIDARY_REGION, 'drift', newId());
    await inTransaction(this.database.dataSource, async (tx) => {
      if (await hasRepairable(tx, this.replication.links)) await queueRun(tx, context, 'schedule', null, { dryRun: false });
    });
  }

  private get deps(): RunDeps & { readonly repair: RepairDeps } {
    const { config, clock, planner, plantedStack } = this;
    const { dataSource } = this.database;
    const { links } = this.replication;
    const tools = this.replicationTools.apply.collections;
    const { nats, routeReplicas: replicas } = this;
    const world = realWorld({ config, planner, dataSource, links, nats, replicas, nested: tools.nested });
    const region = config.LAPIDARY_REGION;
    const routes = { region, dataSource, nats, replicas: world.routeReplicas };
    return { config, clock, dataSource, plantedStack, world, logger: this.logger, repair: { region, dataSource, tools, links, routes } };
  }

  private async schedule(): Promise<void> {
    const context = systemContext(this.config.LAPIDARY_REGION, 'drift', newId());
    await inTransaction(this.database.dataSource, (tx) => queueRun(tx, context, 'schedule', null));
  }

  /** True where it was worked to its end. */
  private async perform(run: RunRow, signal: AbortSignal): Promise<boolean> {
    const { dataSource } = this.database;
    const stopTimer = this.metrics.lapidary_drift_run_seconds.startTimer();
    const outcome = await this.performed(run, signal).catch((error: unknown): RunOutcome => {
      // A new leader finds the run and says that it was interrupted.
      signal.throwIfAborted();
      this.logger.error({ err: error, run: run.id }, 'a drift run ended at an error');
      return { event: 'fail', appeared: 0, resolved: 0, sensors: [], error: toAppError(error).message };
    });
    stopTimer({ outcome: outcome.event === 'finish' ? 'done' : 'failed' });
    await inTransaction(dataSource, async (tx) => {
      await endRun(tx, run.id, outcome);
      await pruneDrift(tx);
    });
    if (outcome.sensors.length > 0) this.gauges.showSensors(outcome.sensors);
    if (outcome.appeared + outcome.resolved > 0)
      this.logger.warn({ run: run.id, appeared: outcome.appeared, resolved: outcome.resolved }, 'drift has changed');
    return outcome.event === 'finish';
  }
}
