import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { inTransaction } from '@lapidary/db/transaction';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Logger } from '@lapidary/telemetry/logger';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { sealAudit } from './seal-audit.js';

/** An auditor can wait a second; the database is spared. */
const sealEveryMs = 1_000;
const lockKey = 0x6c61_7001;

/** One replica seals at a time; the lock inside sealAudit keeps the chain right even if two believe to lead. */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
  ) {
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'audit-sealer',
      lockKey,
      lead: (signal) => this.lead(signal),
      onError: (error) => logger.warn({ err: error }, 'the audit sealer lost its leadership'),
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
      const isFull = await this.sealOnce();
      if (!isFull) await pause.wait(sealEveryMs, signal);
    }
  }

  private async sealOnce(): Promise<boolean> {
    try {
      const { isFull } = await inTransaction(this.dataSource, sealAudit);
      const [left]: { unsealed: number }[] = await this.dataSource.query(
        `SELECT count(*)::int AS unsealed FROM audit WHERE sequence IS NULL`,
      );
      this.metrics.lapidary_audit_unsealed.set(left?.unsealed ?? 0);
      return isFull;
    } catch (error) {
      this.logger.warn({ err: error }, 'sealing the audit failed; it is tried again');
      return false;
    }
  }
}
