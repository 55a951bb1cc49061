import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { changeJob } from './job-change.js';
import type { JobDefinitions } from './job-definition.js';
import { lockExpired } from './job-lease.js';
import { reclaimBatchMax, reclaimIntervalMs, requeueIntervalMs } from './job-limits.js';
import type { JobMetrics } from './job-metrics.js';
import type { JobQueue } from './job-queue.js';
import { interruptSteps, stopLockedJob } from './step-writes.js';
import type { JobKind } from './job-row.js';

export interface ReclaimerDeps {
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly logger: Logger;
  readonly metrics: JobMetrics;
  readonly region: string;
  readonly definitions: JobDefinitions;
  readonly queue: Pick<JobQueue, 'send' | 'isReady'>;
  readonly intervalMs?: number;
  readonly requeueMs?: number;
}

/**
 * I8: takes jobs from workers that fell silent and queues them again; offers queued jobs whose message was lost. Runs in
 * every replica: rows are locked, and those locked by another replica are skipped.
 */
export class LeaseReclaimer {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private requeuedAt = 0;
  private working: Promise<void> = Promise.resolve();

  constructor(private readonly deps: ReclaimerDeps) {}

  start(): void {
    this.schedule();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.working;
  }

  /** One look; returns how many jobs were taken from silent workers. */
  async reclaim(): Promise<number> {
    const { dataSource, clock, metrics, region, definitions, queue, logger } = this.deps;
    return await inTransaction(dataSource, async (tx) => {
      const expired = await lockExpired(tx, region, reclaimBatchMax);
      for (const job of expired) {
        const context = systemContext(region, 'job-reclaimer', job.request_id);
        if (job.status === 'cancelling') {
          await stopLockedJob(tx, context, clock, definitions.find(job.kind), job, 'cancelled; its worker had fallen silent');
        } else {
          const message = 'its worker fell silent; another one goes on';
          await interruptSteps(tx, job.id, message);
          await changeJob(tx, context, clock, job, { event: 'release', line: { level: 'warning', message } });
          await queue.send(tx, job.kind, job.id);
        }
        logger.warn({ job: job.id, owner: job.lease_owner, status: job.status }, 'job taken from a silent worker');
        metrics.lapidary_job_leases_reclaimed_total.inc({ kind: job.kind });
      }
      return expired.length;
    });
  }

  /** Offers every queued job to the queue again; those that are still queued there stay single (queue policy "short"). */
  async requeue(): Promise<void> {
    const { dataSource, region, queue, definitions } = this.deps;
    await inTransaction(dataSource, async (tx) => {
      const queued = await rowsOf<{ id: string; kind: JobKind }>(
        tx,
        `SELECT id, kind FROM job WHERE region = $1 AND status = 'queued' AND kind = ANY($2) ORDER BY created_at LIMIT $3`,
        [region, definitions.kinds, reclaimBatchMax],
      );
      for (const job of queued) await queue.send(tx, job.kind, job.id);
    });
    await this.measure();
  }

  private async measure(): Promise<void> {
    const { dataSource, region, metrics } = this.deps;
    const counts = await rowsOf<{ kind: string; status: string; count: number; oldest: number }>(
      dataSource.manager,
      `SELECT kind, status, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS oldest
       FROM job WHERE region = $1 AND status = ANY('{queued,running,cancelling}') GROUP BY kind, status`,
      [region],
    );
    metrics.lapidary_jobs_open.reset();
    metrics.lapidary_job_oldest_queued_seconds.reset();
    for (const kind of this.deps.definitions.kinds) metrics.lapidary_job_oldest_queued_seconds.set({ kind }, 0);
    for (const { kind, status, count, oldest } of counts) {
      metrics.lapidary_jobs_open.set({ kind, status }, count);
      if (status === 'queued') metrics.lapidary_job_oldest_queued_seconds.set({ kind }, oldest);
    }
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.working = this.tick().finally(() => this.schedule());
    }, this.deps.intervalMs ?? reclaimIntervalMs);
  }

  private async tick(): Promise<void> {
    if (!this.deps.queue.isReady) return;
    try {
      await this.reclaim();
      if (performance.now() - this.requeuedAt < (this.deps.requeueMs ?? requeueIntervalMs)) return;
      await this.requeue();
      this.requeuedAt = performance.now();
    } catch (error) {
      this.deps.logger.warn({ err: error }, 'could not look for silent workers; trying again');
    }
  }
}
