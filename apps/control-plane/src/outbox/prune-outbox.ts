import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';

/** A peer's database that was restored from a backup of yesterday finds everything since. */
export const graceDays = 7;
/** One statement's worth. */
const prunedAtOnceMax = 5_000;

/**
 * Retention of the outbox (P-OB2), the written policy: a row leaves when all of this holds:
 *   - the stream has it, and it is older than the grace;
 *   - every configured peer has acknowledged it, under the present epoch; a peer that was never heard of holds all rows;
 *   - a later event of the same subject is there that carries its whole state, or it tells of a job, which no peer keeps.
 *     Changes of documents say whether they do ("whole"); every other event does;
 *   - or it is of a document that was purged and forgotten for that long: nothing is left that it could be wanted for.
 * So the newest state of every stamp and tenant stays for ever, and a new region is filled from the outbox alone.
 */
export const pruneOutbox = async (dataSource: DataSource, peers: readonly string[], days: number = graceDays): Promise<number> => {
  const gone = await rowsOf(
    dataSource,
    `DELETE FROM outbox WHERE position IN (
       SELECT o.position FROM outbox_number s JOIN outbox o ON o.position = s.position, origin
       WHERE s.sequence <= (SELECT through FROM outbox_published)
         AND o.created_at < now() - make_interval(days => $2)
         AND NOT EXISTS (
           SELECT 1 FROM unnest($1::text[]) AS peer(name)
           LEFT JOIN peer_ack a ON a.peer = peer.name AND a.epoch = origin.epoch
           WHERE a.sequence IS NULL OR a.sequence < s.sequence)
         AND (o.type LIKE 'lapidary.job.%'
              OR (o.type = 'lapidary.document.changed.v1'
                  AND EXISTS (SELECT 1 FROM grave g WHERE g.collection = o.data->>'collection' AND g.kind = o.data->>'kind'
                                AND g.tenant = o.data->>'tenant' AND g.id = o.data->>'id' AND g.forgotten_at < now() - make_interval(days => $2))
                  AND NOT EXISTS (SELECT 1 FROM document d WHERE d.collection = o.data->>'collection' AND d.kind = o.data->>'kind'
                                    AND d.tenant = o.data->>'tenant' AND d.id = o.data->>'id'))
              OR EXISTS (SELECT 1 FROM outbox n JOIN outbox_number t ON t.position = n.position
                      WHERE n.subject = o.subject AND t.sequence > s.sequence AND coalesce((n.data->>'whole')::boolean, true)))
       ORDER BY s.sequence LIMIT $3)
     RETURNING 1`,
    [peers, days, prunedAtOnceMax],
  );
  return gone.length;
};
