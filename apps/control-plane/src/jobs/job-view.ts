import type { JobEventView, JobView, UsualTime } from '@lapidary/contracts/api/jobs';
import type { Tx } from '@lapidary/db/transaction';
import { estimateOf } from './job-estimate.js';
import { doneStepStatuses } from './job-states.js';
import { readSteps } from './job-store.js';
import type { JobRow, StepRow } from './job-row.js';

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

const usualOf = (step: StepRow): UsualTime | null =>
  step.usual_median_ms === null || step.usual_p90_ms === null || step.usual_samples === null
    ? null
    : { medianMs: step.usual_median_ms, p90Ms: step.usual_p90_ms, samples: step.usual_samples };

/** More than expected means that the expectation was wrong. */
const progressOf = ({ progress_done: done, progress_expected: expected }: StepRow): JobView['steps'][number]['progress'] =>
  done === null ? null : { done, expected: expected !== null && expected >= done ? expected : null };

const timedOf = (step: StepRow) => ({
  status: step.status,
  startedAtMs: step.started_at?.getTime() ?? null,
  usual: usualOf(step),
});

/** A job as API, events and consoles show it. `input` and the outputs of steps stay inside. */
export const toJobView = (job: JobRow, steps: readonly StepRow[]): JobView => ({
  id: job.id,
  region: job.region,
  kind: job.kind,
  subject: job.subject,
  status: job.status,
  attempt: job.attempt,
  steps: steps.map((s) => ({
    name: s.name,
    title: s.title,
    status: s.status,
    attempts: s.attempts,
    startedAt: iso(s.started_at),
    finishedAt: iso(s.finished_at),
    message: s.message,
    usual: usualOf(s),
    progress: progressOf(s),
  })),
  summary: job.summary,
  error: job.error_code === null ? null : { code: job.error_code, message: job.error_message ?? '' },
  requestedBy: job.requested_by,
  createdAt: job.created_at.toISOString(),
  startedAt: iso(job.started_at),
  finishedAt: iso(job.finished_at),
  lastEventSequence: job.event_sequence,
  stepsDone: steps.filter((s) => doneStepStatuses.includes(s.status)).length,
  estimate: estimateOf(job.status, steps.map(timedOf), Date.now()),
  noReturnAt: iso(job.no_return_at),
});

export const viewOf = async (reader: Pick<Tx, 'query'>, job: JobRow): Promise<JobView> => toJobView(job, await readSteps(reader, [job.id]));

export const viewsOf = async (reader: Pick<Tx, 'query'>, jobs: readonly JobRow[]): Promise<JobView[]> => {
  const byJob = Map.groupBy(
    await readSteps(
      reader,
      jobs.map((j) => j.id),
    ),
    (s) => s.job,
  );
  return jobs.map((j) => toJobView(j, byJob.get(j.id) ?? []));
};

export interface EventRow {
  readonly job: string;
  readonly sequence: number;
  readonly at: Date;
  readonly level: JobEventView['level'];
  readonly step: string | null;
  readonly message: string;
  readonly data: Record<string, unknown> | null;
}

export const toEventView = (row: EventRow): JobEventView => ({
  job: row.job,
  sequence: row.sequence,
  at: row.at.toISOString(),
  level: row.level,
  step: row.step,
  message: row.message,
  ...(row.data === null ? {} : { data: row.data }),
});

export const jobPathOf = (id: string): string => `/v1/jobs/${id}`;
