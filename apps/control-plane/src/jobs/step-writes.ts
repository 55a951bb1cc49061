import type { Tx } from '@lapidary/db/transaction';
import { toAppError, type AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { changeJob } from './job-change.js';
import type { JobDefinition, StepDefinition, StepResult } from './job-definition.js';
import { announceProgress, appendEvents, type EventLine } from './job-events.js';
import { lockUnderLease, type Lease } from './job-lease.js';
import { doneStepStatuses, stepTable } from './job-states.js';
import { readSteps, setStep, setStepProgress, type StepProgress } from './job-store.js';
import type { JobRow, StepRow } from './job-row.js';

/** What a worker writes while it holds a lease. Each begins with lockUnderLease (I8). */
export interface WriteScope {
  readonly context: CommandContext;
  readonly clock: HybridLogicalClock;
  readonly lease: Lease;
}

const stepOf = async (tx: Tx, scope: WriteScope, name: string): Promise<StepRow> => {
  const step = (await readSteps(tx, [scope.lease.jobId])).find((s) => s.name === name);
  if (!step) throw new Error(`job ${scope.lease.jobId} has no step ${name}`);
  return step;
};

const say = async (tx: Tx, scope: WriteScope, lines: readonly EventLine[]): Promise<void> => {
  const last = await appendEvents(tx, scope.lease.jobId, lines);
  if (last) await announceProgress(tx, scope.context, scope.clock, scope.lease.jobId, last);
};

/** What a step said that is not written yet. */
export interface Unwritten {
  readonly lines: readonly EventLine[];
  readonly progress?: StepProgress | undefined;
}

/**
 * Returns the number of this try; undefined where the job is to end instead: decided under the row's lock, so that no
 * cancel that was accepted is passed over, least of all before a point of no return. Found running: an earlier write whose
 * answer was lost.
 */
export const beginStep = async (tx: Tx, scope: WriteScope, definition: StepDefinition): Promise<number | undefined> => {
  const job = await lockUnderLease(tx, scope.lease);
  if (job.status === 'cancelling') return undefined;
  const step = await stepOf(tx, scope, definition.name);
  if (step.status === 'running') return step.attempts;
  if (definition.noReturn)
    await tx.query('UPDATE job SET no_return_at = coalesce(no_return_at, clock_timestamp()) WHERE id = $1', [job.id]);
  const attempts = step.attempts + 1;
  await setStep(tx, step, { status: nextState(stepTable, step.status, 'start'), attempts, message: null });
  const again = attempts > 1 ? ` (try ${attempts})` : '';
  await say(tx, scope, [{ level: 'info', step: step.name, message: `${definition.title}${again}` }]);
  return attempts;
};

/** The step's effects in our database, its result and its last lines commit together, once (I8). */
export const completeStep = async (
  tx: Tx,
  scope: WriteScope,
  name: string,
  result: StepResult,
  { lines, progress }: Unwritten,
): Promise<void> => {
  await lockUnderLease(tx, scope.lease);
  const step = await stepOf(tx, scope, name);
  if (doneStepStatuses.includes(step.status)) return;
  if (progress) await setStepProgress(tx, scope.lease.jobId, progress);
  await result.commit?.(tx, scope.context);
  const status = nextState(stepTable, step.status, result.skipped ? 'skip' : 'succeed');
  await setStep(tx, step, { status, message: result.message, output: result.output ?? null });
  await tx.query('UPDATE job SET summary = coalesce($2, summary), reclaims = 0 WHERE id = $1', [scope.lease.jobId, result.summary ?? null]);
  await say(tx, scope, [...lines, { level: 'info', step: name, message: result.message, data: { status } }]);
};

export const failJob = async (
  tx: Tx,
  scope: WriteScope,
  definition: JobDefinition,
  stepName: string,
  cause: unknown,
  lines: readonly EventLine[],
): Promise<void> => {
  const job = await lockUnderLease(tx, scope.lease);
  // A cancel that came while the step was failing wins: the caller wanted an end and gets it.
  if (job.status === 'cancelling') return await stopJob(tx, scope, definition, lines);
  await appendEvents(tx, job.id, lines);
  await failLockedJob(tx, scope.context, scope.clock, definition, job, stepName, toAppError(cause));
};

/** The job ends as failed; `stepName` is the step that ended it, null where none was under way. */
export const failLockedJob = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  definition: JobDefinition | undefined,
  job: JobRow,
  stepName: string | null,
  error: AppError,
): Promise<JobRow> => {
  const step = (await readSteps(tx, [job.id])).find((s) => s.name === stepName);
  if (step) await setStep(tx, step, { status: nextState(stepTable, step.status, 'fail'), message: error.message });
  await definition?.onUnfinished?.(tx, context, job, 'failed');
  return await changeJob(tx, context, clock, job, {
    event: 'fail',
    line: { level: 'error', step: stepName, message: error.message, data: dataOf(error) },
    patch: { errorCode: error.code, errorMessage: error.message },
  });
};

const dataOf = (error: AppError): Record<string, unknown> => ({
  code: error.code,
  check: error.entry.check,
  ...(error.fields.length === 0 ? {} : { fields: error.fields }),
  ...error.details,
});

/** The job ends as cancelled: what was running goes back to pending, where a retry begins. */
export const stopJob = async (tx: Tx, scope: WriteScope, definition: JobDefinition, lines: readonly EventLine[]): Promise<void> => {
  const job = await lockUnderLease(tx, scope.lease);
  await appendEvents(tx, job.id, lines);
  await stopLockedJob(tx, scope.context, scope.clock, definition, job, 'cancelled');
};

export const stopLockedJob = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  definition: JobDefinition | undefined,
  job: JobRow,
  message: string,
): Promise<JobRow> => {
  await interruptSteps(tx, job.id, message);
  await definition?.onUnfinished?.(tx, context, job, 'cancelled');
  return await changeJob(tx, context, clock, job, {
    event: job.status === 'queued' ? 'cancel' : 'stop',
    line: { level: 'warning', message },
  });
};

export const finishJob = async (tx: Tx, scope: WriteScope): Promise<void> => {
  const job = await lockUnderLease(tx, scope.lease);
  const message = job.summary === null ? 'done' : `done: ${job.summary}`;
  await changeJob(tx, scope.context, scope.clock, job, { event: 'succeed', line: { level: 'info', message } });
};

/** Steps that were running when their worker let go. */
export const interruptSteps = async (tx: Tx, jobId: string, message: string): Promise<void> => {
  for (const step of await readSteps(tx, [jobId])) {
    if (step.status === 'running') await setStep(tx, step, { status: nextState(stepTable, 'running', 'interrupt'), message });
  }
};

/** Steps that are done are to be done again: what they did was taken back when the job ended, or is old by now. For `onRetry`; the job's row is locked. */
export const redoSteps = async (tx: Tx, jobId: string): Promise<void> => {
  for (const step of await readSteps(tx, [jobId])) {
    if (doneStepStatuses.includes(step.status))
      await setStep(tx, step, { status: nextState(stepTable, step.status, 'redo'), message: null, output: null, attempts: 0 });
  }
};
