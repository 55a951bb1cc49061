import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';

type Queryable = Pick<Tx, 'query'>;

export interface Origin {
  readonly region: string;
  readonly epoch: number;
  /** Last sequence given. */
  readonly sequence: number;
}

interface Row {
  readonly id: string;
  readonly origin_sequence: string;
  readonly hlc: string;
  readonly type: string;
  readonly subject: string;
  readonly request_id: string;
  readonly actor: string;
  readonly data: Record<string, unknown>;
  readonly created_at: Date;
}

const columns = 'id, origin_sequence, hlc, type, subject, request_id, actor, data, created_at';

/** Who this database is as an origin of events. The row is there before any part starts. */
export const readOrigin = async (db: Queryable): Promise<Origin> => {
  const [row] = await rowsOf<{ region: string; epoch: number; sequence: string }>(db, 'SELECT region, epoch, sequence FROM origin');
  if (!row) throw new Error('the origin row is missing');
  return { region: row.region, epoch: row.epoch, sequence: Number(row.sequence) };
};

/**
 * Rows are told under the present epoch: after a restore the restored database is the truth, and what it kept from
 * before is part of the new epoch.
 */
const toEnvelope = (row: Row, origin: Origin): EventEnvelope => ({
  specversion: '1.0',
  id: row.id,
  source: `/regions/${origin.region}`,
  type: row.type,
  subject: row.subject,
  time: row.created_at.toISOString(),
  originregion: origin.region,
  originepoch: origin.epoch,
  originsequence: Number(row.origin_sequence),
  hlc: row.hlc,
  requestid: row.request_id,
  actor: row.actor,
  data: row.data,
});

/** Numbered events that the stream has not acknowledged, oldest first. */
export const unpublishedEvents = async (db: Queryable, origin: Origin, limit: number): Promise<EventEnvelope[]> => {
  const rows = await rowsOf<Row>(
    db,
    `SELECT ${columns} FROM outbox WHERE origin_sequence IS NOT NULL AND published_at IS NULL ORDER BY origin_sequence LIMIT $1`,
    [limit],
  );
  return rows.map((row) => toEnvelope(row, origin));
};

export const eventsBetween = async (db: Queryable, origin: Origin, from: number, to: number, limit: number): Promise<EventEnvelope[]> => {
  const rows = await rowsOf<Row>(
    db,
    `SELECT ${columns} FROM outbox WHERE origin_sequence BETWEEN $1 AND $2 ORDER BY origin_sequence LIMIT $3`,
    [from, to, limit],
  );
  return rows.map((row) => toEnvelope(row, origin));
};

export const markPublished = async (db: Queryable, from: number, to: number): Promise<void> => {
  await db.query('UPDATE outbox SET published_at = now() WHERE origin_sequence BETWEEN $1 AND $2 AND published_at IS NULL', [from, to]);
};

/** Highest sequence that the stream once acknowledged; 0 where none. */
export const lastPublished = async (db: Queryable): Promise<number> => {
  const [row] = await rowsOf<{ last: string | null }>(db, 'SELECT max(origin_sequence) AS last FROM outbox WHERE published_at IS NOT NULL');
  return Number(row?.last ?? 0);
};

/** Puts events back to unpublished, so that the relay sends them again. Returns how many. */
export const publishAgainFrom = async (db: Queryable, from: number): Promise<number> =>
  (await rowsOf(db, 'UPDATE outbox SET published_at = NULL WHERE origin_sequence >= $1 AND published_at IS NOT NULL RETURNING 1', [from]))
    .length;

export const outboxBacklog = async (db: Queryable): Promise<{ depth: number; ageSeconds: number }> => {
  const [row] = await rowsOf<{ depth: string; age: string | null }>(
    db,
    // Two halves, each of which has a partial index; joined by OR they would read the whole table.
    `SELECT count(*) AS depth, extract(epoch FROM clock_timestamp() - min(created_at)) AS age
     FROM (SELECT created_at FROM outbox WHERE origin_sequence IS NULL
           UNION ALL
           SELECT created_at FROM outbox WHERE origin_sequence IS NOT NULL AND published_at IS NULL) AS waiting`,
  );
  return { depth: Number(row?.depth ?? 0), ageSeconds: Math.max(0, Number(row?.age ?? 0)) };
};
