import { sqlStateOf, uniqueViolation, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newJobId } from '@lapidary/kernel/ids';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { appendEvents } from './job-events.js';
import type { JobDefinition } from './job-definition.js';
import type { JobQueue } from './job-queue.js';
import { findOpenJob, insertJob, readJob } from './job-store.js';
import { viewOf } from './job-view.js';
import { usualTimesOf } from './step-history.js';
import type { JobRow, Json } from './job-row.js';

export interface EnqueueDeps {
  readonly clock: HybridLogicalClock;
  readonly queue: Pick<JobQueue, 'send'>;
}

export interface JobRequest {
  readonly definition: JobDefinition;
  readonly subject: string;
  /** What makes it comparable with earlier jobs of its kind, for estimates: "local, new". */
  readonly variant?: string;
  readonly input: Json;
  readonly message: string;
}

/** Name of the savepoint around the insert: its unique violation must not end the caller's transaction. */
const savepoint = 'enqueue_job';

/**
 * Accepts a job: row, steps, first line, audit, event and queue message commit together (I5, I10). One open job per
 * subject: a second one is refused with the id of the first.
 */
export const enqueueJob = async (tx: Tx, context: CommandContext, deps: EnqueueDeps, request: JobRequest): Promise<JobRow> => {
  const id = newJobId(context.region);
  const { definition, subject, input, variant = '' } = request;
  const usual = await usualTimesOf(tx, definition.kind, variant);
  await insertOrRefuse(tx, subject, () =>
    insertJob(tx, {
      id,
      region: context.region,
      kind: definition.kind,
      subject,
      variant,
      input,
      requestedBy: context.actor,
      requestId: context.requestId,
      steps: definition.steps,
      usual,
    }),
  );
  await appendEvents(tx, id, [{ level: 'info', step: null, message: request.message }]);
  await recordAudit(tx, context, 'job.queue', `job/${id}`, { kind: definition.kind, subject });
  const job = await readJob(tx, id);
  if (!job) throw new Error(`job ${id} is not there after its insert`);
  await recordEvent(tx, context, deps.clock, 'lapidary.job.queued.v1', `job/${id}`, { job: await viewOf(tx, job) });
  await deps.queue.send(tx, definition.kind, id);
  return job;
};

/** The index job_one_per_subject decides, not a look before: two requests at once would both see nothing. */
export const insertOrRefuse = async <T>(tx: Tx, subject: string, write: () => Promise<T>): Promise<T> => {
  await tx.query(`SAVEPOINT ${savepoint}`);
  try {
    const written = await write();
    await tx.query(`RELEASE SAVEPOINT ${savepoint}`);
    return written;
  } catch (error) {
    if (sqlStateOf(error) !== uniqueViolation) throw error;
    await tx.query(`ROLLBACK TO SAVEPOINT ${savepoint}`);
    const open = await findOpenJob(tx, subject);
    throw new AppError('job_in_progress', `${subject} has a job under way${open ? `: ${open.id}` : ''}`, {
      details: open ? { jobId: open.id, subject } : { subject },
      retryAfterSeconds: 2,
      cause: error,
    });
  }
};
