import { inTransaction } from '@lapidary/db/transaction';
import { fromDatabaseError } from '@lapidary/db/database-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { changeJob, recordChange } from './job-change.js';
import type { JobDefinitions } from './job-definition.js';
import { appendEvents, type EventLine } from './job-events.js';
import { claimJob, lockUnderLease, type Lease } from './job-lease.js';
import { leaseMarginMs, leaseMs, leaseRenewMs } from './job-limits.js';
import type { JobMetrics } from './job-metrics.js';
import type { JobQueue } from './job-queue.js';
import { JobRun, type RunOutcome } from './job-run.js';
import { LeaseKeeper, type LeaseTimes } from './lease-keeper.js';
import { StopReason } from './stop-reason.js';
import { interruptSteps, stopLockedJob, type WriteScope } from './step-writes.js';
import type { JobRow } from './job-row.js';

export interface JobRunnerDeps {
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly logger: Logger;
  readonly metrics: JobMetrics;
  readonly region: string;
  readonly definitions: JobDefinitions;
  readonly queue: Pick<JobQueue, 'send'>;
  readonly times?: LeaseTimes;
  readonly graceMs?: number;
}

const standardTimes: LeaseTimes = { leaseMs, renewMs: leaseRenewMs, marginMs: leaseMarginMs };

/**
 * Runs jobs that the queue hands over. Any number of runners over one database: a claim succeeds once, and everything a
 * run writes holds only under its lease (I8).
 */
export class JobRunner {
  /** Names this runner in leases and logs. */
  readonly owner = newId();
  private readonly shutdown = new AbortController();
  private readonly keepers = new Map<string, LeaseKeeper>();
  private readonly runs = new Set<Promise<unknown>>();

  constructor(private readonly deps: JobRunnerDeps) {}

  /** Undefined: there was nothing to run (somebody else has the job, or it has ended). Never throws for what a step does. */
  async run(jobId: string): Promise<RunOutcome | undefined> {
    if (this.shutdown.signal.aborted) return undefined;
    const run = this.claimAndExecute(jobId);
    this.runs.add(run);
    try {
      return await run;
    } finally {
      this.runs.delete(run);
    }
  }

  /** Called when a job was changed by somebody: a cancel reaches its worker at once instead of at the next renewal. */
  poke(jobId: string): void {
    void this.keepers.get(jobId)?.look();
  }

  /** Tells every run to let go and waits until each has: its job is queued again before this process ends. */
  async stop(): Promise<void> {
    this.shutdown.abort(new StopReason('shutdown'));
    await Promise.allSettled(this.runs);
  }

  private async claimAndExecute(jobId: string): Promise<RunOutcome | undefined> {
    const times = this.deps.times ?? standardTimes;
    const claimedAt = performance.now();
    const claimed = await this.claim(jobId, times.leaseMs);
    if (!claimed) return undefined;
    const { job, lease } = claimed;
    this.deps.metrics.lapidary_job_wait_seconds.observe({ kind: job.kind }, Math.max(0, (Date.now() - job.queued_at.getTime()) / 1000));
    const keeper = new LeaseKeeper(this.deps.dataSource, lease, times, claimedAt);
    this.keepers.set(jobId, keeper);
    try {
      return await this.execute(job, lease, keeper);
    } finally {
      this.keepers.delete(jobId);
    }
  }

  private async claim(jobId: string, forMs: number): Promise<{ job: JobRow; lease: Lease } | undefined> {
    const { dataSource, region, clock } = this.deps;
    return await inTransaction(dataSource, async (tx) => {
      const claimed = await claimJob(tx, jobId, region, this.owner, forMs);
      if (!claimed) return undefined;
      const message = claimed.job.lease_token === 1 ? 'started' : 'started again at the first unfinished step';
      const job = await recordChange(tx, this.contextOf(claimed.job), clock, 'queued', claimed.job, {
        event: 'start',
        line: { level: 'info', message },
      });
      return { job, lease: claimed.lease };
    });
  }

  private async execute(job: JobRow, lease: Lease, keeper: LeaseKeeper): Promise<RunOutcome> {
    const { dataSource, clock, logger, metrics, definitions, graceMs } = this.deps;
    const definition = definitions.find(job.kind);
    const endTimer = metrics.lapidary_job_run_seconds.startTimer({ kind: job.kind });
    let outcome: RunOutcome = 'lost';
    keeper.start();
    try {
      if (!definition) throw new Error(`no definition for jobs of kind ${job.kind}`);
      const context = this.contextOf(job);
      const release = (scope: WriteScope, lines: readonly EventLine[]): Promise<void> => this.release(scope, lines);
      const run = new JobRun(
        {
          dataSource,
          clock,
          logger,
          metrics,
          definition,
          context,
          lease,
          keeper,
          shutdown: this.shutdown.signal,
          release,
          ...(graceMs === undefined ? {} : { graceMs }),
        },
        job,
      );
      outcome = await run.execute();
    } catch (error) {
      // Nothing could be written any more: the lease runs out and the job is resumed here or elsewhere.
      logger.error({ err: error, reason: fromDatabaseError(error).code, job: job.id }, 'job run broke off');
    } finally {
      keeper.stop();
      endTimer({ outcome });
      metrics.lapidary_jobs_ended_total.inc({ kind: job.kind, outcome });
    }
    return outcome;
  }

  private async release(scope: WriteScope, lines: readonly EventLine[]): Promise<void> {
    const { dataSource, clock, definitions, queue } = this.deps;
    await inTransaction(dataSource, async (tx) => {
      const job = await lockUnderLease(tx, scope.lease);
      await appendEvents(tx, job.id, lines);
      if (job.status === 'cancelling') {
        await stopLockedJob(tx, scope.context, clock, definitions.find(job.kind), job, 'cancelled');
        return;
      }
      const message = 'its worker shuts down; another one goes on';
      await interruptSteps(tx, job.id, message);
      await changeJob(tx, scope.context, clock, job, { event: 'release', line: { level: 'warning', message } });
      await queue.send(tx, job.kind, job.id);
    });
  }

  private contextOf(job: JobRow) {
    return systemContext(this.deps.region, 'jobs', job.request_id);
  }
}
