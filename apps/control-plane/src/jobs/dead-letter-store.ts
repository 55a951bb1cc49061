import type { deadLetterCauses, deadLetterResolutions } from '@lapidary/contracts/api/dead-letters';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { newJobId } from '@lapidary/kernel/ids';
import type { CommandContext } from '../http/command-context.js';
import type { JobKind, Json } from './job-row.js';

export type DeadLetterCause = (typeof deadLetterCauses)[number];
export type Resolution = (typeof deadLetterResolutions)[number];

export interface DeadLetterRow {
  readonly id: string;
  readonly region: string;
  readonly job: string | null;
  readonly kind: JobKind;
  readonly subject: string | null;
  readonly cause: DeadLetterCause;
  readonly message: string;
  readonly step: string | null;
  readonly attempts: number;
  readonly payload: Json | null;
  readonly dead_at: Date;
  readonly resolution: Resolution | null;
  readonly resolved_at: Date | null;
  readonly resolved_by: string | null;
  readonly reason: string | null;
}

export type NewDeadLetter = Pick<
  DeadLetterRow,
  'region' | 'job' | 'kind' | 'subject' | 'cause' | 'message' | 'step' | 'attempts' | 'payload'
>;

/** Puts aside what nobody gets done. A job has one open letter at most: a second one says nothing new. */
export const recordDeadLetter = async (tx: Tx, letter: NewDeadLetter): Promise<void> => {
  await tx.query(
    `INSERT INTO job_dead_letter (id, region, job, kind, subject, cause, message, step, attempts, payload)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb) ON CONFLICT (job) WHERE resolution IS NULL DO NOTHING`,
    [
      newJobId(letter.region),
      letter.region,
      letter.job,
      letter.kind,
      letter.subject,
      letter.cause,
      letter.message,
      letter.step,
      letter.attempts,
      letter.payload === null ? null : JSON.stringify(letter.payload),
    ],
  );
};

export const lockLetter = async (tx: Tx, id: string): Promise<DeadLetterRow | undefined> =>
  (await rowsOf<DeadLetterRow>(tx, 'SELECT * FROM job_dead_letter WHERE id = $1 FOR UPDATE', [id]))[0];

export const readLetter = async (reader: Reader, id: string): Promise<DeadLetterRow | undefined> =>
  (await rowsOf<DeadLetterRow>(reader, 'SELECT * FROM job_dead_letter WHERE id = $1', [id]))[0];

/** The open ones, or all; the newest first. Ids ascend in time, so they are the cursor too. */
export const listLetters = async (
  reader: Reader,
  query: { readonly all: boolean; readonly before: string | null; readonly limit: number },
): Promise<DeadLetterRow[]> =>
  rowsOf<DeadLetterRow>(
    reader,
    `SELECT * FROM job_dead_letter WHERE ($1 OR resolution IS NULL) AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [query.all, query.before, query.limit],
  );

export const resolveLetter = async (tx: Tx, context: CommandContext, id: string, resolution: Resolution): Promise<void> => {
  await tx.query(
    `UPDATE job_dead_letter SET resolution = $2, resolved_at = clock_timestamp(), resolved_by = $3, reason = $4
     WHERE id = $1 AND resolution IS NULL`,
    [id, resolution, context.actor, context.reason],
  );
};

/** A job that is tried again, however that came about, is no dead letter any more. */
export const resolveLetterOf = async (tx: Tx, context: CommandContext, job: string, resolution: Resolution): Promise<void> => {
  await tx.query(
    `UPDATE job_dead_letter SET resolution = $2, resolved_at = clock_timestamp(), resolved_by = $3, reason = $4
     WHERE job = $1 AND resolution IS NULL`,
    [job, resolution, context.actor, context.reason],
  );
};
