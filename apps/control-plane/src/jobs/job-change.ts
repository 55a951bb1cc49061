import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { appendEvents, type EventLine } from './job-events.js';
import { jobTable, type JobEventName, type JobStatus } from './job-states.js';
import { readJob, setJobStatus, type JobPatch } from './job-store.js';
import { viewOf } from './job-view.js';
import type { JobRow } from './job-row.js';

export interface JobChange {
  readonly event: JobEventName;
  readonly line: Omit<EventLine, 'step'> & { readonly step?: string | null };
  readonly patch?: JobPatch;
}

/**
 * The only way a job's status changes once it is there: transition table, line of progress, audit (I10) and outbox event
 * (I5) in one transaction. The caller holds the lock of the job's row.
 */
export const changeJob = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  job: JobRow,
  change: JobChange,
): Promise<JobRow> => {
  const changed = await setJobStatus(tx, job, nextState(jobTable, job.status, change.event), change.patch ?? {});
  return await recordChange(tx, context, clock, job.status, changed, change);
};

/** What belongs to a change of status that has been written already (claiming a job writes status and lease at once). */
export const recordChange = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  from: JobStatus,
  job: JobRow,
  change: JobChange,
): Promise<JobRow> => {
  await appendEvents(tx, job.id, [{ ...change.line, step: change.line.step ?? null }]);
  await recordAudit(tx, context, `job.${change.event}`, `job/${job.id}`, {
    kind: job.kind,
    subject: job.subject,
    from,
    to: job.status,
    attempt: job.attempt,
    ...(job.error_code === null ? {} : { error: job.error_code }),
  });
  const fresh = (await readJob(tx, job.id)) ?? job;
  await recordEvent(tx, context, clock, 'lapidary.job.changed.v1', `job/${job.id}`, { job: await viewOf(tx, fresh) });
  return fresh;
};
