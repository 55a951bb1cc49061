import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { isoOfMs } from '@lapidary/kernel/iso-time';
import { fittingAnswer } from '@lapidary/messaging/fitting-answer';
import { allowedIn } from '../residency/holding.js';

type Queryable = Pick<Tx, 'query'>;

export interface Origin {
  readonly region: string;
  readonly epoch: number;
  /** Last sequence given. */
  readonly sequence: number;
}

/** A row as one array of JSON, which is read several times as fast as ten columns. */
type Row = readonly [
  id: string,
  sequence: number,
  hlc: string,
  type: string,
  subject: string,
  requestId: string,
  actor: string,
  data: Record<string, unknown>,
  createdMs: number,
  withheld: boolean,
];

const rowWith = (
  withheld: string,
): string => `SELECT json_build_array(o.id, n.sequence, o.hlc, o.type, o.subject, o.request_id, o.actor, o.data,
    (extract(epoch FROM o.created_at) * 1000)::float8, ${withheld})::text AS row
  FROM outbox_number n JOIN outbox o ON o.position = n.position`;

/**
 * I3: a change of a document whose tenant has a residency goes out as a place in the sequence and nothing more, to everybody: into the
 * stream, where any region of today or tomorrow may read it, and in back-fills. Regions that may have it ask for it (contents.ts).
 */
const toldToAll = rowWith(`(o.type = 'lapidary.document.changed.v1' AND o.data->>'tenant' <> '' AND coalesce(
  (SELECT cardinality(t.residency) > 0 FROM tenant t WHERE t.id = o.data->>'tenant'), false))`);
const asWritten = rowWith('false');

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
const toEnvelope = (
  [id, sequence, hlc, type, subject, requestid, actor, data, createdMs, withheld]: Row,
  origin: Origin,
): EventEnvelope => ({
  specversion: '1.0',
  id,
  source: `/regions/${origin.region}`,
  type,
  subject,
  time: isoOfMs(Math.floor(createdMs)),
  originregion: origin.region,
  originepoch: origin.epoch,
  originsequence: sequence,
  hlc,
  ...(withheld ? stubOf(data) : { requestid, actor, data }),
});

/** Neither the document's id, nor who changed it. */
const stubOf = (data: Record<string, unknown>): Pick<EventEnvelope, 'type' | 'subject' | 'requestid' | 'actor' | 'data'> => {
  const tenant = String(data['tenant']);
  return { type: 'lapidary.document.withheld.v1', subject: `withheld/${tenant}`, requestid: '', actor: 'withheld', data: { tenant } };
};

export type RowText = { readonly row: string };

const envelope = ({ row }: RowText, origin: Origin): EventEnvelope => toEnvelope(JSON.parse(row) as Row, origin);

/** What an envelope as JSON has that its row has not: the names of its attributes, and what is the same in all of a region; its row has spaces. */
const envelopeBytes = 128;

export interface Piece {
  readonly events: EventEnvelope[];
  /** Whether there may be more. */
  readonly isCut: boolean;
}

/** As many events as fit one answer. */
const pieceOf = (rows: readonly RowText[], origin: Origin, limit: number): Piece => {
  const fitting = fittingAnswer(rows, ({ row }) => Buffer.byteLength(row) + envelopeBytes);
  return { events: fitting.map((row) => envelope(row, origin)), isCut: rows.length === limit || fitting.length < rows.length };
};

/** As they come from the database. */
export const rowsBetween = async (db: Queryable, from: number, to: number, limit: number): Promise<RowText[]> =>
  await rowsOf<RowText>(db, `${toldToAll} WHERE n.sequence BETWEEN $1 AND $2 ORDER BY n.sequence LIMIT $3`, [from, to, limit]);

export const eventsBetween = async (db: Queryable, origin: Origin, from: number, to: number, limit: number): Promise<EventEnvelope[]> =>
  (await rowsBetween(db, from, to, limit)).map((row) => envelope(row, origin));

export const pieceBetween = async (db: Queryable, origin: Origin, from: number, to: number, limit: number): Promise<Piece> =>
  pieceOf(await rowsBetween(db, from, to, limit), origin, limit);

/** Changes of documents as they were written, of tenants that have a residency and may be at the peer; with `tenant`, all of that one. */
export const contentsBetween = async (
  db: Queryable,
  origin: Origin,
  peer: string,
  { from, to, tenant }: { readonly from: number; readonly to: number; readonly tenant?: string | undefined },
  limit: number,
): Promise<Piece> => {
  const rows = await rowsOf<RowText>(
    db,
    `${asWritten} JOIN tenant t ON t.id = o.data->>'tenant' LEFT JOIN region r ON r.name = $1
      WHERE o.type = 'lapidary.document.changed.v1' AND n.sequence BETWEEN $2 AND $3
        AND CASE WHEN $4::text IS NULL THEN cardinality(t.residency) > 0 ELSE o.data->>'tenant' = $4 END AND ${allowedIn('t', 'r')}
      ORDER BY n.sequence LIMIT $5`,
    [peer, from, to, tenant ?? null, limit],
  );
  return pieceOf(rows, origin, limit);
};

/** Whether a tenant's documents may be shown to a peer; false for a tenant that is not known here. */
export const mayBeAt = async (db: Queryable, tenant: string, peer: string): Promise<boolean> => {
  const [row] = await rowsOf(db, `SELECT 1 FROM tenant t LEFT JOIN region r ON r.name = $2 WHERE t.id = $1 AND ${allowedIn('t', 'r')}`, [
    tenant,
    peer,
  ]);
  return row !== undefined;
};
