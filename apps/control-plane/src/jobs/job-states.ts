import type { jobStatuses, stepStatuses } from '@lapidary/contracts/api/jobs';
import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

/**
 * The life of a job and of its steps, as data. What these tables and the code beside them keep:
 *
 * I8  A job survives the death of its worker at any step, and no step's effect is doubled:
 *     - a worker holds a job by a lease (owner, token, until); every lease has a higher token than the one before;
 *     - a revoked lease cannot complete a job: each of a worker's writes holds only under its own lease (job-lease.ts);
 *     - a step's effects in our database commit together with "the step succeeded"; effects outside are idempotent;
 *     - a job whose lease ran out is queued again and resumed at the first step that has not succeeded.
 *     One open job per subject: the partial unique index job_one_per_subject over the open states.
 */
export type JobStatus = (typeof jobStatuses)[number];
export type StepStatus = (typeof stepStatuses)[number];

export type JobEventName = 'start' | 'succeed' | 'fail' | 'cancel' | 'force' | 'stop' | 'release' | 'retry';

export const jobTable: TransitionTable<JobStatus, JobEventName> = {
  name: 'job',
  initial: 'queued',
  states: {
    queued: 'waits for a free worker',
    running: 'a worker holds its lease and works on a step',
    cancelling: 'asked to end; the worker is finishing or undoing what it has in hand',
    succeeded: 'every step succeeded or had nothing to do',
    failed: 'a step failed; can be retried from that step',
    cancelled: 'ended on request; can be retried from the step that was stopped',
  },
  transitions: [
    { from: ['queued'], event: 'start', to: 'running', why: 'a worker took the lease' },
    { from: ['running', 'cancelling'], event: 'succeed', to: 'succeeded', why: 'the last step ended, even if a cancel was on its way' },
    { from: ['running'], event: 'fail', to: 'failed', why: 'a step failed' },
    { from: ['queued'], event: 'cancel', to: 'cancelled', why: 'nobody works on it yet' },
    { from: ['running'], event: 'cancel', to: 'cancelling', why: 'the worker is told and ends in good order, or is cut off' },
    { from: ['running', 'cancelling'], event: 'force', to: 'cancelling', why: 'the worker cuts its step off, or loses the job' },
    { from: ['cancelling'], event: 'stop', to: 'cancelled', why: 'the worker let go, was cut off, or died' },
    { from: ['running'], event: 'release', to: 'queued', why: 'the lease ran out or the worker shuts down: another one resumes (I8)' },
    { from: ['failed', 'cancelled'], event: 'retry', to: 'queued', why: 'somebody asked; goes on at the first unfinished step' },
  ],
};

export type StepEventName = 'start' | 'succeed' | 'skip' | 'fail' | 'interrupt' | 'retry' | 'redo';

export const stepTable: TransitionTable<StepStatus, StepEventName> = {
  name: 'job step',
  initial: 'pending',
  states: {
    pending: 'not begun, or to be done again from its beginning',
    running: 'being worked on under the lease of the job',
    succeeded: 'done; not run again in this job, unless what it did has been taken back',
    failed: 'ended with an error',
    skipped: 'had nothing to do',
  },
  transitions: [
    { from: ['pending'], event: 'start', to: 'running', why: 'every step before it is done' },
    { from: ['running'], event: 'succeed', to: 'succeeded', why: 'its effects commit with this' },
    { from: ['running'], event: 'skip', to: 'skipped', why: 'it found that there is nothing to do' },
    { from: ['running'], event: 'fail', to: 'failed', why: 'it ended with an error' },
    { from: ['running'], event: 'interrupt', to: 'pending', why: 'its worker died, shut down or was cancelled (I8)' },
    { from: ['failed'], event: 'retry', to: 'pending', why: 'the job is retried' },
    { from: ['succeeded', 'skipped'], event: 'redo', to: 'pending', why: 'the job had been taken back, and is retried from its beginning' },
  ],
};

/** States that count for "one open job per subject"; the same list as in the index job_one_per_subject. */
export const openJobStatuses: readonly JobStatus[] = ['queued', 'running', 'cancelling'];
/** States in which a worker holds the lease. */
export const leasedJobStatuses: readonly JobStatus[] = ['running', 'cancelling'];
/** A step in one of these is not run again by whoever resumes the job. */
export const doneStepStatuses: readonly StepStatus[] = ['succeeded', 'skipped'];

checkTransitions(jobTable);
checkTransitions(stepTable);
