import { rowsOf } from '@lapidary/db/rows';
import type { UsualTime } from '@lapidary/contracts/api/jobs';
import type { Tx } from '@lapidary/db/transaction';
import type { JobKind, JobRow, Json, StepRow } from './job-row.js';
import { openJobStatuses, type JobStatus, type StepStatus } from './job-states.js';

type Reader = Pick<Tx, 'query'>;

export interface NewJob {
  readonly id: string;
  readonly region: string;
  readonly kind: JobKind;
  readonly subject: string;
  readonly variant: string;
  readonly input: Json;
  readonly requestedBy: string;
  readonly requestId: string;
  readonly steps: readonly { readonly name: string; readonly title: string }[];
  readonly usual: ReadonlyMap<string, UsualTime>;
}

/** Violates job_one_per_subject when the subject has an open job. */
export const insertJob = async (tx: Tx, job: NewJob): Promise<void> => {
  await tx.query(
    `INSERT INTO job (id, region, kind, subject, variant, status, input, requested_by, request_id)
     VALUES ($1, $2, $3, $4, $5, 'queued', $6::jsonb, $7, $8)`,
    [job.id, job.region, job.kind, job.subject, job.variant, JSON.stringify(job.input), job.requestedBy, job.requestId],
  );
  await tx.query(
    `INSERT INTO job_step (job, position, name, title, usual_median_ms, usual_p90_ms, usual_samples)
     SELECT $1, position, name, title, "medianMs", "p90Ms", samples
     FROM jsonb_to_recordset($2::jsonb) AS s (position integer, name text, title text, "medianMs" integer, "p90Ms" integer, samples integer)`,
    [job.id, JSON.stringify(job.steps.map(({ name, title }, i) => ({ position: i + 1, name, title, ...job.usual.get(name) })))],
  );
};

export const readJob = async (reader: Reader, id: string): Promise<JobRow | undefined> =>
  (await rowsOf<JobRow>(reader, 'SELECT * FROM job WHERE id = $1', [id]))[0];

/** The row is locked to the end of the transaction: no other change of this job can come between. */
export const lockJob = async (tx: Tx, id: string): Promise<JobRow | undefined> =>
  (await rowsOf<JobRow>(tx, 'SELECT * FROM job WHERE id = $1 FOR UPDATE', [id]))[0];

export const findOpenJob = async (reader: Reader, subject: string): Promise<JobRow | undefined> =>
  (await rowsOf<JobRow>(reader, 'SELECT * FROM job WHERE subject = $1 AND status = ANY($2)', [subject, openJobStatuses]))[0];

/** The latest job of the subject that was accepted after this one. */
export const findLaterJob = async (reader: Reader, job: Pick<JobRow, 'id' | 'subject'>): Promise<string | undefined> =>
  (
    await rowsOf<{ id: string }>(
      reader,
      `SELECT id FROM job WHERE subject = $1 AND (created_at, id) > (SELECT created_at, id FROM job WHERE id = $2) ORDER BY created_at DESC, id DESC LIMIT 1`,
      [job.subject, job.id],
    )
  )[0]?.id;

export const readSteps = async (reader: Reader, ids: readonly string[]): Promise<StepRow[]> =>
  rowsOf<StepRow>(reader, 'SELECT * FROM job_step WHERE job = ANY($1) ORDER BY job, position', [ids]);

export interface JobFilter {
  readonly status?: string | undefined;
  readonly subject?: string | undefined;
  readonly region?: string | undefined;
  /** Created before this (time, id): the newest come first. */
  readonly before?: { readonly createdAt: string; readonly id: string } | undefined;
  readonly limit: number;
}

/** Times keep their microseconds as text: through a JavaScript Date, rows of one millisecond would be skipped or doubled between pages. */
export const listJobs = async (reader: Reader, f: JobFilter): Promise<(JobRow & { readonly created_at_exact: string })[]> =>
  rowsOf(
    reader,
    `SELECT job.*, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at_exact
     FROM job
     WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR subject = $2) AND ($3::text IS NULL OR region = $3)
       AND ($4::timestamptz IS NULL OR created_at < $4 OR (created_at = $4 AND id > $5))
     ORDER BY created_at DESC, id LIMIT $6`,
    [f.status ?? null, f.subject ?? null, f.region ?? null, f.before?.createdAt ?? null, f.before?.id ?? null, f.limit],
  );

export interface JobPatch {
  readonly summary?: string | null;
  readonly errorCode?: string | null;
  readonly errorMessage?: string | null;
  readonly nextAttempt?: boolean;
  readonly cancelForced?: boolean;
}

/** Writes a status that the transition table allowed. The caller holds the row's lock. Leaving a leased state gives the lease up. */
export const setJobStatus = async (tx: Tx, job: JobRow, status: JobStatus, patch: JobPatch): Promise<JobRow> => {
  const leased = status === 'running' || status === 'cancelling';
  const [row] = await rowsOf<JobRow>(
    tx,
    `UPDATE job SET status = $2,
       summary = $3, error_code = $4, error_message = $5,
       attempt = attempt + $6::int,
       lease_owner = CASE WHEN $7 THEN lease_owner END,
       lease_until = CASE WHEN $7 THEN lease_until END,
       queued_at = CASE WHEN $2 = 'queued' THEN clock_timestamp() ELSE queued_at END,
       reclaims = CASE WHEN $6 > 0 THEN 0 ELSE reclaims END,
       cancel_forced_at = CASE WHEN $6 > 0 THEN NULL WHEN $10 THEN coalesce(cancel_forced_at, clock_timestamp()) ELSE cancel_forced_at END,
       finished_at = CASE WHEN $2 = ANY('{succeeded,failed,cancelled}') THEN clock_timestamp() END
     WHERE id = $1 AND status = $8 AND lease_token = $9 RETURNING *`,
    [
      job.id,
      status,
      patch.summary === undefined ? job.summary : patch.summary,
      patch.errorCode === undefined ? job.error_code : patch.errorCode,
      patch.errorMessage === undefined ? job.error_message : patch.errorMessage,
      patch.nextAttempt ? 1 : 0,
      leased,
      job.status,
      job.lease_token,
      patch.cancelForced ?? false,
    ],
  );
  if (!row) throw new Error(`job ${job.id} changed although its row was locked`);
  return row;
};

export interface StepProgress {
  readonly step: string;
  readonly done: number;
  readonly expected: number | null;
}

/** The caller holds the lock of the job's row. Of a step that runs only: what ended keeps its figures, what begins anew starts at none. */
export const setStepProgress = async (tx: Tx, jobId: string, progress: StepProgress): Promise<void> => {
  await tx.query(`UPDATE job_step SET progress_done = $3, progress_expected = $4 WHERE job = $1 AND name = $2 AND status = 'running'`, [
    jobId,
    progress.step,
    progress.done,
    progress.expected,
  ]);
};

export interface StepPatch {
  readonly status: StepStatus;
  readonly message?: string | null;
  readonly output?: Json | null;
  readonly attempts?: number;
}

/** The caller holds the lock of the job's row, which covers its steps. */
export const setStep = async (tx: Tx, step: StepRow, patch: StepPatch): Promise<void> => {
  await tx.query(
    `UPDATE job_step SET status = $3, message = $4, output = $5::jsonb, attempts = $6,
       progress_done = CASE WHEN $3 = ANY('{pending,running}') THEN NULL ELSE progress_done END,
       progress_expected = CASE WHEN $3 = ANY('{pending,running}') THEN NULL ELSE progress_expected END,
       started_at = CASE $3 WHEN 'running' THEN clock_timestamp() WHEN 'pending' THEN NULL ELSE started_at END,
       finished_at = CASE WHEN $3 = ANY('{succeeded,failed,skipped}') THEN clock_timestamp() END
     WHERE job = $1 AND position = $2`,
    [
      step.job,
      step.position,
      patch.status,
      patch.message === undefined ? step.message : patch.message,
      patch.output === undefined
        ? step.output === null
          ? null
          : JSON.stringify(step.output)
        : patch.output === null
          ? null
          : JSON.stringify(patch.output),
      patch.attempts ?? step.attempts,
    ],
  );
};
