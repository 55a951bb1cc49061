import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { capacityBlocks, capacityTriggers } from '@lapidary/contracts/api/capacity';
import { Leader } from '@lapidary/db/leader';
import { Listener } from '@lapidary/db/listener';
import { isAppError } from '@lapidary/kernel/app-error';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { capacityLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { capacityChannel } from '../regions/capacity-channel.js';
import { CapacityPlanner } from './capacity-planner.js';
import type { Decided } from './decide.js';
import { capacityMetrics } from './metrics.js';

/** Level-triggered: whatever notification was missed, the region is looked at this often; cool-downs and forecasts pass without any. */
const lookAnywayMs = 10_000;
/** A burst of creates notifies for each of them; one look afterwards sees them all. */
const settleMs = 500;

/** Looks at the region's room and does what its policy says (P-ST3); one replica at a time. */
@Injectable()
export class CapacityWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof capacityMetrics>;
  private readonly wakeup = new Wakeup();
  private readonly listener: Listener;
  private readonly leader: Leader;

  constructor(
    private readonly planner: CapacityPlanner,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'capacity' });
    this.metrics = createMetrics(capacityMetrics, { processMetrics: false, registry });
    const { LAPIDARY_DATABASE_URL: url, LAPIDARY_REGION: region } = config;
    this.listener = new Listener({
      url,
      applicationName: `capacity:${region}`,
      channels: [capacityChannel],
      onNotify: (_channel, of) => {
        if (of === region) this.wakeup.wake();
      },
      onConnect: () => this.wakeup.wake(),
      onError: (error) => this.logger.warn({ err: error }, 'listening for changes of room broke off; reconnecting'),
    });
    this.leader = new Leader({
      url,
      name: 'capacity',
      lockKey: capacityLock,
      lead: (signal) => this.lead(signal),
      onError: (error) => this.logger.warn({ err: error }, 'the capacity loop lost its database connection'),
    });
  }

  onApplicationBootstrap(): void {
    this.listener.start();
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leader.stop();
    await this.listener.stop();
  }

  private async lead(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.wakeup.wait(lookAnywayMs, signal);
      await new Wakeup().wait(settleMs, signal);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    try {
      const decided = await this.planner.look(signal);
      this.show(decided);
      this.metrics.lapidary_capacity_looks_total.inc({ outcome: decided?.verdict.action ?? 'off' });
      if (decided?.verdict.action === 'build') this.logger.info({ ...decided.verdict }, 'building another stamp');
    } catch (error) {
      if (signal.aborted) return;
      this.metrics.lapidary_capacity_looks_total.inc({ outcome: 'failed' });
      // Somebody else provisions the very stamp, or a file is being edited: the next look sees what came of it.
      const level = isAppError(error) ? 'info' : 'warn';
      this.logger[level]({ err: error }, 'could not look at the region’s room; trying again');
    }
  }

  private show(decided: Decided | undefined): void {
    const { metrics } = this;
    for (const trigger of capacityTriggers) metrics.lapidary_capacity_due.set({ trigger }, decided?.verdict.trigger === trigger ? 1 : 0);
    for (const by of capacityBlocks) metrics.lapidary_capacity_blocked.set({ by }, decided?.verdict.blockedBy === by ? 1 : 0);
    if (!decided) return;
    const { headroomPercent, daysToFull, pending } = decided.figures;
    metrics.lapidary_capacity_headroom_percent.set(headroomPercent ?? 0);
    metrics.lapidary_capacity_days_to_full.set(daysToFull ?? -1);
    metrics.lapidary_capacity_unfit_units.set(pending.unfitUnits);
  }
}
