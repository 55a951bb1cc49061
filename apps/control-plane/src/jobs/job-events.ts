import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { eventsPageMax, eventDataBytesMax, eventMessageLengthMax } from './job-limits.js';
import { readJob } from './job-store.js';
import { toEventView, viewOf, type EventRow } from './job-view.js';
import type { EventLevel, Json } from './job-row.js';

/** Payload: the job's id. Long polls, SSE streams and the worker of a job that is to be cancelled listen. */
export const jobChannel = 'lapidary_job';

export interface EventLine {
  readonly level: EventLevel;
  readonly step: string | null;
  readonly message: string;
  readonly data?: Json | undefined;
}

const bounded = (line: EventLine): { level: EventLevel; step: string | null; message: string; data: Json | null } => {
  // Postgres refuses NUL in text and jsonb; a child process may print anything.
  const clean = JSON.stringify(line.data ?? null).replaceAll('\\u0000', '');
  return {
    level: line.level,
    step: line.step,
    message: line.message.replaceAll('\0', '').slice(0, eventMessageLengthMax),
    data: clean.length > eventDataBytesMax ? null : (JSON.parse(clean) as Json | null),
  };
};

/**
 * Appends lines with sequences that have no holes: the counter stands in the job's row, whose lock is held until the
 * commit, so sequences become visible in their order. Returns the last row.
 */
export const appendEvents = async (tx: Tx, jobId: string, lines: readonly EventLine[]): Promise<EventRow | undefined> => {
  if (lines.length === 0) return undefined;
  const rows = await rowsOf<EventRow>(
    tx,
    `WITH counter AS (UPDATE job SET event_sequence = event_sequence + $2 WHERE id = $1 RETURNING event_sequence - $2 AS first),
     line AS (SELECT * FROM jsonb_to_recordset($3::jsonb) AS l (position integer, level text, step text, message text, data jsonb))
     INSERT INTO job_event (job, sequence, at, level, step, message, data)
     SELECT $1, first + position, clock_timestamp(), level, step, message, nullif(data, 'null'::jsonb) FROM counter, line
     RETURNING *`,
    [jobId, lines.length, JSON.stringify(lines.map((line, i) => ({ position: i + 1, ...bounded(line) })))],
  );
  await tx.query('SELECT pg_notify($1, $2)', [jobChannel, jobId]);
  return rows.reduce<EventRow | undefined>((last, row) => (last === undefined || row.sequence > last.sequence ? row : last), undefined);
};

/**
 * Tells consoles everywhere how far the job is, by its newest line; `job.lastEventSequence` lets them fetch the lines
 * between. One per batch of lines at most, so that a provision makes tens of outbox events and not thousands.
 */
export const announceProgress = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  jobId: string,
  last: EventRow,
): Promise<void> => {
  const job = await readJob(tx, jobId);
  if (!job) return;
  await recordEvent(tx, context, clock, 'lapidary.job.progressed.v1', `job/${jobId}`, {
    job: await viewOf(tx, job),
    event: toEventView(last),
  });
};

export const readEvents = async (reader: Pick<Tx, 'query'>, jobId: string, after: number, limit = eventsPageMax): Promise<EventRow[]> =>
  rowsOf<EventRow>(reader, 'SELECT * FROM job_event WHERE job = $1 AND sequence > $2 ORDER BY sequence LIMIT $3', [jobId, after, limit]);
