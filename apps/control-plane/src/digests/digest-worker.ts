import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { digestLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { foldDigests } from './digest-rows.js';
import { digestMetrics } from './metrics.js';

/**
 * Folding rewrites 60 kB for each collection that is written to, so not after every write; open changes cost who asks meanwhile
 * some 15 µs each.
 */
const foldMs = 2_000;

/** Keeps the digests of this region's documents small; one leader per region. */
@Injectable()
export class DigestWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof digestMetrics>;
  private readonly leader: Leader;

  constructor(
    private readonly database: BackgroundDatabase,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'digests' });
    this.metrics = createMetrics(digestMetrics, { processMetrics: false, registry });
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'digests',
      lockKey: digestLock,
      lead: async (signal) => this.lead(signal),
      onError: (error) => this.logger.warn({ err: error }, 'the digests lost their database connection'),
    });
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leader.stop();
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const pause = new Wakeup();
    while (!signal.aborted) {
      try {
        this.metrics.lapidary_digest_folded_total.inc(await foldDigests(this.database.dataSource));
      } catch (error) {
        if (!signal.aborted) this.logger.warn({ err: error }, 'the digests could not be folded; trying again');
      }
      await pause.wait(foldMs, signal);
    }
  }
}
