import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Listener } from '@lapidary/db/listener';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Logger } from '@lapidary/telemetry/logger';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { capacityChannel } from '../regions/capacity-channel.js';
import { thawDue } from './thaw-due.js';
import { thawElsewhere } from './thaw-elsewhere.js';
import { sweepPending } from './sweep-pending.js';

/** Level-triggered: whatever notification was missed, the queue is looked at this often. */
const lookAnywayMs = 5_000;

/** Places pending tenants when room appears (P-ST3), and ends freezes whose time is over. Every replica runs one; row locks keep them apart. */
@Injectable()
export class PendingSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly wakeup = new Wakeup();
  private readonly stopping = new AbortController();
  private readonly listener: Listener;
  private running: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: HybridLogicalClock,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
  ) {
    this.listener = new Listener({
      url: config.LAPIDARY_DATABASE_URL,
      applicationName: `pending-sweeper:${config.LAPIDARY_REGION}`,
      channels: [capacityChannel],
      onNotify: (_channel, region) => {
        if (region === config.LAPIDARY_REGION) this.wakeup.wake();
      },
      onConnect: () => this.wakeup.wake(),
      onError: (error) => logger.warn({ err: error }, 'the pending sweeper lost its connection'),
    });
  }

  onApplicationBootstrap(): void {
    this.listener.start();
    this.running = this.loop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.listener.stop();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.wakeup.wait(lookAnywayMs, signal);
      if (!signal.aborted) await this.sweep(signal);
      if (!signal.aborted) await this.endFreezes();
    }
  }

  private async endFreezes(): Promise<void> {
    try {
      const tools = { clock: this.clock, baseDomain: this.config.LAPIDARY_BASE_DOMAIN };
      const thawed = await thawDue(this.dataSource, tools, this.config.LAPIDARY_REGION);
      if (thawed.length > 0)
        this.logger.info({ tenants: thawed }, 'tenants are not frozen any more: the time that they were frozen for is over');
      const elsewhere = await thawElsewhere(this.dataSource, this.config.LAPIDARY_REGION);
      if (elsewhere.length > 0)
        this.logger.warn(
          { tenants: elsewhere },
          'the time that tenants of other regions were frozen for is over, and their regions have not said so',
        );
    } catch (error) {
      this.logger.warn({ err: error }, 'freezes could not be ended; trying again');
    }
  }

  private async sweep(signal: AbortSignal): Promise<void> {
    try {
      const region = this.config.LAPIDARY_REGION;
      const tools = { clock: this.clock, baseDomain: this.config.LAPIDARY_BASE_DOMAIN };
      const { placed, waiting } = await sweepPending({ dataSource: this.dataSource, tools, region, signal });
      this.metrics.lapidary_tenants_pending.set(waiting);
      if (placed > 0) {
        this.metrics.lapidary_placements_total.inc({ outcome: 'placed' }, placed);
        this.logger.info({ placed, waiting }, 'placed tenants that were waiting for room');
      }
    } catch (error) {
      // The next wake or the timer tries again; the queue is in the database.
      this.logger.warn({ err: error }, 'a sweep of pending tenants failed');
    }
  }
}
