import type { JobEventView, JobView } from '@lapidary/contracts/api/jobs';
import type { Tx } from '@lapidary/db/transaction';
import { readSteps } from './job-store.js';
import type { JobRow, StepRow } from './job-row.js';

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

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
  })),
  summary: job.summary,
  error: job.error_code === null ? null : { code: job.error_code, message: job.error_message ?? '' },
  requestedBy: job.requested_by,
  createdAt: job.created_at.toISOString(),
  startedAt: iso(job.started_at),
  finishedAt: iso(job.finished_at),
  lastEventSequence: job.event_sequence,
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
