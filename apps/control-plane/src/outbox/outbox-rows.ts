import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { allowedIn } from '../residency/holding.js';

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
  readonly withheld?: boolean;
}

const columns = 'o.id, o.origin_sequence, o.hlc, o.type, o.subject, o.request_id, o.actor, o.data, o.created_at';

/**
 * I3: a change of a document whose tenant has a residency goes out as a place in the sequence and nothing more, to everybody: into the
 * stream, where any region of today or tomorrow may read it, and in back-fills. Regions that may have it ask for it (contents.ts).
 */
const toldToAll = `${columns}, (o.type = 'lapidary.document.changed.v1' AND coalesce(
  (SELECT cardinality(t.residency) > 0 FROM tenant t WHERE t.id = o.data->>'tenant'), false)) AS withheld`;

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
  ...(row.withheld === true ? stubOf(row) : { requestid: row.request_id, actor: row.actor, data: row.data }),
});

/** Neither the document's id, nor who changed it. */
const stubOf = (row: Row): Pick<EventEnvelope, 'type' | 'subject' | 'requestid' | 'actor' | 'data'> => {
  const tenant = String(row.data['tenant']);
  return { type: 'lapidary.document.withheld.v1', subject: `withheld/${tenant}`, requestid: '', actor: 'withheld', data: { tenant } };
};

/** Numbered events that the stream has not acknowledged, oldest first. */
export const unpublishedEvents = async (db: Queryable, origin: Origin, limit: number): Promise<EventEnvelope[]> => {
  const rows = await rowsOf<Row>(
    db,
    `SELECT ${toldToAll} FROM outbox o WHERE o.origin_sequence IS NOT NULL AND o.published_at IS NULL ORDER BY o.origin_sequence LIMIT $1`,
    [limit],
  );
  return rows.map((row) => toEnvelope(row, origin));
};

export const eventsBetween = async (db: Queryable, origin: Origin, from: number, to: number, limit: number): Promise<EventEnvelope[]> => {
  const rows = await rowsOf<Row>(
    db,
    `SELECT ${toldToAll} FROM outbox o WHERE o.origin_sequence BETWEEN $1 AND $2 ORDER BY o.origin_sequence LIMIT $3`,
    [from, to, limit],
  );
  return rows.map((row) => toEnvelope(row, origin));
};

/** Changes of documents as they were written, of tenants that have a residency and may be at the peer; with `tenant`, all of that one. */
export const contentsBetween = async (
  db: Queryable,
  origin: Origin,
  peer: string,
  { from, to, tenant }: { readonly from: number; readonly to: number; readonly tenant?: string | undefined },
  limit: number,
): Promise<EventEnvelope[]> => {
  const rows = await rowsOf<Row>(
    db,
    `SELECT ${columns} FROM outbox o JOIN tenant t ON t.id = o.data->>'tenant' LEFT JOIN region r ON r.name = $1
      WHERE o.type = 'lapidary.document.changed.v1' AND o.origin_sequence BETWEEN $2 AND $3
        AND CASE WHEN $4::text IS NULL THEN cardinality(t.residency) > 0 ELSE o.data->>'tenant' = $4 END AND ${allowedIn('t', 'r')}
      ORDER BY o.origin_sequence LIMIT $5`,
    [peer, from, to, tenant ?? null, limit],
  );
  return rows.map((row) => toEnvelope(row, origin));
};

/** Whether a tenant's documents may be shown to a peer; false for a tenant that is not known here. */
export const mayBeAt = async (db: Queryable, tenant: string, peer: string): Promise<boolean> => {
  const [row] = await rowsOf(db, `SELECT 1 FROM tenant t LEFT JOIN region r ON r.name = $2 WHERE t.id = $1 AND ${allowedIn('t', 'r')}`, [
    tenant,
    peer,
  ]);
  return row !== undefined;
};

export const markPublished = async (db: Queryable, sequences: readonly number[]): Promise<void> => {
  if (sequences.length === 0) return;
  await db.query('UPDATE outbox SET published_at = now() WHERE origin_sequence = ANY ($1::bigint[]) AND published_at IS NULL', [sequences]);
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
