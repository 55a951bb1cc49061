import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { resolveLetterOf } from './dead-letter-store.js';
import { insertOrRefuse } from './enqueue-job.js';
import { changeJob } from './job-change.js';
import type { JobDefinitions } from './job-definition.js';
import type { JobQueue } from './job-queue.js';
import type { JobRow } from './job-row.js';
import { openJobStatuses, stepTable } from './job-states.js';
import { findLaterJob, lockJob, readSteps, setStep } from './job-store.js';
import { stopLockedJob } from './step-writes.js';

export interface JobCommandDeps {
  readonly clock: HybridLogicalClock;
  readonly definitions: JobDefinitions;
  readonly queue: Pick<JobQueue, 'send'>;
}

const lockOwnJob = async (tx: Tx, context: CommandContext, id: string): Promise<JobRow> => {
  const job = await lockJob(tx, id);
  if (!job) throw new AppError('not_found', `There is no job ${id}`);
  assertOwnRegion(context, job.region, `job ${id}`);
  return job;
};

export interface CancelOptions {
  /** Cut off at once instead of ending in good order; also past the point of no return. */
  readonly force: boolean;
}

/**
 * A queued job ends at once; of a running one the worker is told, and cut off where it does not end in good order. By force
 * it is cut off at once, and where the worker does not even hear, the job is taken from it (forcedGraceMs): a lease that is
 * gone writes nothing any more (I8).
 */
export const cancelJob = async (
  tx: Tx,
  context: CommandContext,
  deps: JobCommandDeps,
  id: string,
  { force }: CancelOptions = { force: false },
): Promise<JobRow> => {
  const job = await lockOwnJob(tx, context, id);
  if (job.no_return_at !== null && !force && openJobStatuses.includes(job.status)) throw pastNoReturn(job);
  const because = context.reason === null ? '' : `: ${context.reason}`;
  if (job.status !== 'queued') {
    const line = { level: 'warning' as const, message: `${context.actor} asked to cancel${force ? ' by force' : ''}${because}` };
    const patch = { cancelForced: force };
    return await changeJob(tx, context, deps.clock, job, { event: force ? 'force' : 'cancel', line, patch });
  }
  return await stopLockedJob(tx, context, deps.clock, deps.definitions.find(job.kind), job, `cancelled by ${context.actor}${because}`);
};

const pastNoReturn = (job: JobRow): AppError =>
  new AppError('past_no_return', `The ${job.kind} of ${job.subject} can't be taken back any more; it can only be finished`, {
    details: { jobId: job.id, since: job.no_return_at?.toISOString() },
  });

/**
 * Queues a failed or cancelled job again: steps that are done stay done, the one that ended it is the first to run. Not once its subject has
 * had a later job: what this one was asked for, and what it found, may be out of date.
 */
export const retryJob = async (tx: Tx, context: CommandContext, deps: JobCommandDeps, id: string): Promise<JobRow> => {
  const job = await lockOwnJob(tx, context, id);
  // Refuses with illegal_transition before anything is touched; the subject's open job is found by the unique index.
  const queued = await insertOrRefuse(tx, job.subject, () =>
    changeJob(tx, context, deps.clock, job, {
      event: 'retry',
      line: { level: 'info', message: `${context.actor} asked to try again` },
      patch: { errorCode: null, errorMessage: null, summary: null, nextAttempt: true },
    }),
  );
  const later = await findLaterJob(tx, job);
  if (later !== undefined) throw outOfDate(job, later);
  for (const step of await readSteps(tx, [id])) {
    if (step.status === 'failed') await setStep(tx, step, { status: nextState(stepTable, 'failed', 'retry'), attempts: 0 });
    else if (step.status === 'pending') await setStep(tx, step, { status: 'pending', attempts: 0 });
  }
  await deps.definitions.find(job.kind)?.onRetry?.(tx, context, job);
  await resolveLetterOf(tx, context, id, 'replayed');
  await deps.queue.send(tx, job.kind, id);
  return queued;
};

const outOfDate = (job: JobRow, later: string): AppError =>
  new AppError('illegal_transition', `${job.subject} has had a later job, ${later}; ask for what is still wanted anew`, {
    details: { jobId: later, subject: job.subject },
  });
