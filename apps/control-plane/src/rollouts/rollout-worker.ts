import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { inTransaction } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { keepRounds } from '@lapidary/kernel/rounds';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { systemContext } from '../http/command-context.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { rolloutLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { changeRollout } from './change-rollout.js';
import { honourGivenUp } from './honour-given-up.js';
import { look } from './look.js';
import { rolloutMetrics } from './metrics.js';
import { versionsOf } from './plan-waves.js';
import { readFleet } from './read-fleet.js';
import { RegionApi } from './region-api.js';
import { findRollout, rolloutsAtWork } from './rollout-rows.js';
import { step } from './step/step.js';

/** Carries roll-outs of this region on, on one replica at a time: look, step, write, again. */
@Injectable()
export class RolloutWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof rolloutMetrics>;
  private readonly leader: Leader;

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    private readonly api: RegionApi,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'rollouts' });
    this.metrics = createMetrics(rolloutMetrics, { processMetrics: false, registry });
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'rollouts',
      lockKey: rolloutLock,
      lead: async (signal) =>
        keepRounds(
          signal,
          config.LAPIDARY_ROLLOUT_TICK_MS,
          async () => this.round(),
          (error) => this.logger.warn({ err: error }, 'roll-outs could not be looked at'),
        ),
      onError: (error) => this.logger.warn({ err: error }, 'the roll-out controller lost its database connection'),
    });
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leader.stop();
  }

  private async round(): Promise<void> {
    const { dataSource } = this.database;
    await honourGivenUp(dataSource, systemContext(this.config.LAPIDARY_REGION, 'rollouts', newId()), this.clock, (rollout, error) =>
      this.logger.warn({ err: error, rollout }, 'what a roll-out that was given up holds could not be let go; trying again'),
    );
    const ids = await rolloutsAtWork(dataSource);
    this.metrics.lapidary_rollouts_open.set(ids.length);
    this.metrics.lapidary_workload_versions.set(versionsOf(await readFleet(dataSource, 'workload')).length);
    for (const id of ids)
      await this.carryOn(id).catch((error: unknown) => this.logger.warn({ err: error, rollout: id }, 'a roll-out could not be carried on'));
  }

  /**
   * One look and one step. What was asked of regions is written down with the step that takes their answers; if this
   * process dies in between, the next one asks under the same keys and gets the same answers (I8).
   */
  private async carryOn(id: string): Promise<void> {
    const { dataSource } = this.database;
    const stored = await findRollout(dataSource, id);
    if (!stored) return;
    const startedMs = performance.now();
    const seen = await look(
      stored.state,
      { reader: dataSource, api: this.api, onUnanswered: (region, error) => this.unanswered(id, region, error) },
      Date.now(),
    );
    const before = stored.state.status;
    const context = systemContext(this.config.LAPIDARY_REGION, 'rollouts', newId());
    const rollout = await inTransaction(dataSource, async (tx) =>
      changeRollout(tx, context, this.clock, id, 'step', (state) => step(state, seen, Date.now())),
    );
    this.metrics.lapidary_rollout_step_seconds.observe((performance.now() - startedMs) / 1_000);
    if (rollout.status === before) return;
    this.metrics.lapidary_rollouts_ended_total.inc({ status: rollout.status });
    this.logger[rollout.status === 'halting' || rollout.status === 'halted' ? 'error' : 'info'](
      { rollout: id, status: rollout.status, reason: rollout.statusReason },
      'a roll-out moved on',
    );
  }

  private unanswered(rollout: string, region: string, error: unknown): void {
    this.metrics.lapidary_rollout_unanswered_total.inc({ region });
    const code = isAppError(error) ? error.code : String(error);
    this.logger.info({ rollout, region, code }, 'a region did not do what a roll-out asked; asking again at the next look');
  }
}
