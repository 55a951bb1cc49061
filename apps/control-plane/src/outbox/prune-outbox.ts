import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';

/** A peer's database that was restored from a backup of yesterday finds everything since. */
export const graceDays = 7;
/** Looked through by one statement. */
export const lookedAtOnceMax = 5_000;

interface Piece {
  readonly gone: number;
  /** Of the last event that was looked at; null: there is none that is old enough. */
  readonly last: string | null;
}

/**
 * Retention of the outbox (P-OB2), the written policy: a row leaves when all of this holds:
 *   - the stream has it, and it is older than the grace;
 *   - every configured peer has acknowledged it, under the present epoch; a peer that was never heard of holds all rows;
 *   - a later event of the same subject is there that carries its whole state, or it tells of a job, which no peer keeps.
 *     Changes of documents say whether they do ("whole"); every other event does;
 *   - or it is of a document that was purged and forgotten for that long: nothing is left that it could be wanted for.
 * So the newest state of every stamp and tenant stays for ever, and a new region is filled from the outbox alone. All of it is looked
 * through, since a region may tell more in a day than any fixed share of it, a piece after the other, in the order of the log.
 */
export const pruneOutbox = async (dataSource: DataSource, peers: readonly string[], days: number = graceDays): Promise<number> => {
  let pruned = 0;
  for (let after: string | null = '0'; after !== null;) {
    const piece: Piece = await prunePiece(dataSource, peers, days, after);
    pruned += piece.gone;
    after = piece.last;
  }
  return pruned;
};

const prunePiece = async (dataSource: DataSource, peers: readonly string[], days: number, after: string): Promise<Piece> => {
  const [piece] = await rowsOf<Piece>(
    dataSource,
    `WITH acknowledged AS (
       SELECT coalesce(min(coalesce(a.sequence, 0)), (SELECT sequence FROM origin)) AS through
         FROM unnest($1::text[]) AS peer(name) CROSS JOIN origin LEFT JOIN peer_ack a ON a.peer = peer.name AND a.epoch = origin.epoch),
     piece AS (
       SELECT s.sequence, o.position, o.subject, o.created_at < now() - make_interval(days => $2) AS is_old
         FROM outbox_number s JOIN outbox o ON o.position = s.position
        WHERE s.sequence > $3 AND s.sequence <= least((SELECT through FROM outbox_published), (SELECT through FROM acknowledged))
        ORDER BY s.sequence LIMIT $4),
     -- Looked for from the end, once for each subject: a busy one has many thousands.
     latest AS MATERIALIZED (
       SELECT s.subject, l.sequence FROM (SELECT DISTINCT subject FROM piece WHERE is_old) AS s CROSS JOIN LATERAL (
         SELECT t.sequence FROM outbox n JOIN outbox_number t ON t.position = n.position
          WHERE n.subject = s.subject AND coalesce((n.data->>'whole')::boolean, true) ORDER BY n.position DESC LIMIT 1) AS l),
     gone AS (
       DELETE FROM outbox WHERE position IN (
         SELECT o.position FROM piece s JOIN outbox o ON o.position = s.position LEFT JOIN latest l ON l.subject = s.subject
          WHERE s.is_old
            AND (o.type LIKE 'lapidary.job.%'
              OR (o.type = 'lapidary.document.changed.v1'
                  AND EXISTS (SELECT 1 FROM grave g WHERE g.collection = o.data->>'collection' AND g.kind = o.data->>'kind'
                                AND g.tenant = o.data->>'tenant' AND g.id = o.data->>'id' AND g.forgotten_at < now() - make_interval(days => $2))
                  AND NOT EXISTS (SELECT 1 FROM document d WHERE d.collection = o.data->>'collection' AND d.kind = o.data->>'kind'
                                    AND d.tenant = o.data->>'tenant' AND d.id = o.data->>'id'))
              OR l.sequence > s.sequence))
       RETURNING 1)
     SELECT (SELECT count(*)::int FROM gone) AS gone,
            (SELECT CASE WHEN bool_or(is_old) THEN max(sequence) END FROM piece) AS last`,
    [peers, days, after, lookedAtOnceMax],
  );
  return piece!;
};
