import { EventDeadLetterSchema, type EventDeadLetterListQuerySchema, type EventDeadLetterView } from '@lapidary/contracts/api/replication';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { z } from 'zod';
import type { DeadLetterState } from './dead-letter-states.js';

export interface DeadLetterRow {
  readonly id: string;
  readonly origin: string;
  readonly epoch: number;
  readonly sequence: string;
  readonly type: string;
  readonly subject: string;
  readonly event: unknown;
  readonly error: string;
  readonly parked_at: Date;
  readonly state: DeadLetterState;
  readonly settled_at: Date | null;
  readonly settled_by: string | null;
  readonly awaits_version: boolean;
}

const columns = 'id, origin, epoch, sequence, type, subject, event, error, parked_at, state, settled_at, settled_by, awaits_version';

type ListQuery = Omit<z.infer<typeof EventDeadLetterListQuerySchema>, 'cursor' | 'region'> & { readonly before: string | null };

/** One row more than `limit`, the newest first. */
export const listDeadLetters = async (reader: Reader, q: ListQuery): Promise<DeadLetterRow[]> =>
  reader.query(
    `SELECT ${columns} FROM dead_letter
      WHERE state = $1 AND ($2::text IS NULL OR origin = $2) AND ($3::text IS NULL OR type = $3) AND ($4::text IS NULL OR subject = $4)
        AND ($5::timestamptz IS NULL OR parked_at >= $5) AND ($6::timestamptz IS NULL OR parked_at < $6) AND ($7::text IS NULL OR id < $7)
        AND ($8::text IS NULL OR subject = 'tenant/' || $8 OR (starts_with(subject, 'document/') AND split_part(subject, '/', 3) = $8)
             OR (split_part(subject, '/', 1) = ANY ('{withheld,documents-removed,documents-retold}') AND split_part(subject, '/', 2) = $8))
      ORDER BY id DESC LIMIT $9`,
    [
      q.state,
      q.origin ?? null,
      q.type ?? null,
      q.subject ?? null,
      q.since ?? null,
      q.until ?? null,
      q.before,
      q.tenant ?? null,
      q.limit + 1,
    ],
  );

export interface OpenLetters {
  /** Nobody has settled them. */
  readonly open: number;
  /** Wait behind one of these. */
  readonly waiting: number;
  /** Of the open ones: of a type that a newer version knows, and applied by itself then. */
  readonly awaitVersion: number;
}

/** By the region whose events they are. */
export const openDeadLetters = async (reader: Reader): Promise<ReadonlyMap<string, OpenLetters>> => {
  const rows = await rowsOf<OpenLetters & { origin: string }>(
    reader,
    `SELECT origin, count(*) FILTER (WHERE state = 'open')::int AS open, count(*) FILTER (WHERE state = 'waiting')::int AS waiting,
            count(*) FILTER (WHERE state = 'open' AND awaits_version)::int AS "awaitVersion"
       FROM dead_letter WHERE state IN ('open', 'waiting') GROUP BY origin`,
  );
  return new Map(rows.map(({ origin, ...letters }) => [origin, letters]));
};

/** The part of `<region>.<ULID>` that the table knows. */
const keyOf = (id: string): string => id.slice(id.indexOf('.') + 1);

/** Locked until the transaction ends where it is to be changed: two people who replay it take turns. */
export const getDeadLetter = async (reader: Reader, id: string, options?: { readonly lock: true }): Promise<DeadLetterRow> => {
  const [row] = await rowsOf<DeadLetterRow>(
    reader,
    `SELECT ${columns} FROM dead_letter WHERE id = $1${options?.lock ? ' FOR UPDATE' : ''}`,
    [keyOf(id)],
  );
  if (!row) throw new AppError('not_found', `There is no dead letter ${id}`);
  return row;
};

export const setLetterState = async (tx: Tx, id: string, state: DeadLetterState, by: string): Promise<void> => {
  await tx.query('UPDATE dead_letter SET state = $2, settled_at = now(), settled_by = $3 WHERE id = $1', [id, state, by]);
};

export const deadLetterViewOf = (row: DeadLetterRow, region: string): EventDeadLetterView =>
  EventDeadLetterSchema.parse({
    id: `${region}.${row.id}`,
    region,
    origin: row.origin,
    epoch: row.epoch,
    sequence: Number(row.sequence),
    type: row.type,
    subject: row.subject,
    error: row.error,
    parkedAt: row.parked_at.toISOString(),
    state: row.state,
    settledAt: row.settled_at?.toISOString() ?? null,
    settledBy: row.settled_by,
    awaitsVersion: row.awaits_version,
  } satisfies EventDeadLetterView);
