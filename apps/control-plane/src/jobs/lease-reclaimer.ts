import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { systemContext, type CommandContext } from '../http/command-context.js';
import { recordDeadLetter } from './dead-letter-store.js';
import { changeJob } from './job-change.js';
import type { JobDefinitions } from './job-definition.js';
import { lockExpired } from './job-lease.js';
import { reclaimBatchMax, reclaimIntervalMs, reclaimsMax, requeueIntervalMs } from './job-limits.js';
import type { JobMetrics } from './job-metrics.js';
import type { JobQueue } from './job-queue.js';
import { readSteps } from './job-store.js';
import { failLockedJob, interruptSteps, stopLockedJob } from './step-writes.js';
import type { JobKind, JobRow } from './job-row.js';

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

  /**
   * One look; returns how many jobs were taken from silent workers. Each in a transaction of its own: one that can't be ended
   * (its subject refuses, say) must not keep the others waiting.
   */
  async reclaim(): Promise<number> {
    const passedOver: string[] = [];
    for (let taken = 0; ;) {
      if (taken + passedOver.length >= reclaimBatchMax) return taken;
      const outcome = await this.reclaimNext(passedOver);
      if (outcome === 'none') return taken;
      if (outcome === 'taken') taken++;
    }
  }

  private async reclaimNext(passedOver: string[]): Promise<'none' | 'taken' | 'passed over'> {
    const { dataSource, metrics, region, logger } = this.deps;
    let job: JobRow | undefined;
    try {
      await inTransaction(dataSource, async (tx) => {
        [job] = await lockExpired(tx, region, 1, passedOver);
        if (job) await this.take(tx, job);
      });
    } catch (error) {
      if (!job) throw error;
      logger.error({ err: error, job: job.id, subject: job.subject }, 'a job could not be taken from a silent worker; trying again');
      passedOver.push(job.id);
      return 'passed over';
    }
    if (!job) return 'none';
    logger.warn({ job: job.id, owner: job.lease_owner, status: job.status }, 'job taken from a silent worker');
    metrics.lapidary_job_leases_reclaimed_total.inc({ kind: job.kind });
    return 'taken';
  }

  private async take(tx: Tx, job: JobRow): Promise<void> {
    const { clock, region, definitions, queue } = this.deps;
    const context = systemContext(region, 'job-reclaimer', job.request_id);
    if (job.status === 'cancelling') {
      const why = job.cancel_forced_at === null ? 'its worker had fallen silent' : 'its worker did not let go';
      await stopLockedJob(tx, context, clock, definitions.find(job.kind), job, `cancelled; ${why}`);
    } else if (job.reclaims + 1 >= reclaimsMax) {
      await this.giveUp(tx, context, job);
    } else {
      const message = 'its worker fell silent; another one goes on';
      await interruptSteps(tx, job.id, message);
      await tx.query('UPDATE job SET reclaims = reclaims + 1 WHERE id = $1', [job.id]);
      await changeJob(tx, context, clock, job, { event: 'release', line: { level: 'warning', message } });
      await queue.send(tx, job.kind, job.id);
    }
  }

  /** Another worker would be lost like those before: it fails, and waits among the dead letters for a person. */
  private async giveUp(tx: Tx, context: CommandContext, job: JobRow): Promise<void> {
    const { clock, definitions, metrics } = this.deps;
    const step = (await readSteps(tx, [job.id])).find((s) => s.status === 'running')?.name ?? null;
    const where = step === null ? 'before it began a step' : `in the step "${step}"`;
    const message = `${reclaimsMax} workers in a row were lost over it, the last one ${where}`;
    const error = new AppError('dead_lettered', message, { details: { step } });
    await failLockedJob(tx, context, clock, definitions.find(job.kind), job, step, error);
    const { region, kind, subject } = job;
    await recordDeadLetter(tx, {
      region,
      job: job.id,
      kind,
      subject,
      cause: 'workers_died',
      message,
      step,
      attempts: reclaimsMax,
      payload: null,
    });
    metrics.lapidary_job_dead_letters_total.inc({ kind, cause: 'workers_died' });
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
      `SELECT kind, status, count(*)::int AS count, extract(epoch FROM now() - min(queued_at))::float8 AS oldest
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
    const letters = await rowsOf<{ kind: string; count: number }>(
      dataSource.manager,
      'SELECT kind, count(*)::int AS count FROM job_dead_letter WHERE region = $1 AND resolution IS NULL GROUP BY kind',
      [region],
    );
    metrics.lapidary_job_dead_letters.reset();
    for (const kind of this.deps.definitions.kinds) metrics.lapidary_job_dead_letters.set({ kind }, 0);
    for (const { kind, count } of letters) metrics.lapidary_job_dead_letters.set({ kind }, count);
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
