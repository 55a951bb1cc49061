import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';
import { graceDays } from '../outbox/prune-outbox.js';

/** One statement's worth: at some hundred events a second an hour's is a million rows. */
export const prunedAtOnceMax = 5_000;

interface Page {
  readonly looked: number;
  readonly gone: number;
  readonly epoch: number | null;
  readonly sequence: string | null;
}

/**
 * The version vector alone keeps events from taking effect twice; the inbox is the second wall, and need not be old. Looked through in the
 * order of each origin's log, in which it was written but for what was parked meanwhile, until a piece has nothing old.
 */
export const pruneInbox = async (dataSource: DataSource, days: number = graceDays): Promise<number> => {
  let pruned = 0;
  for (const { origin } of await rowsOf<{ origin: string }>(dataSource, 'SELECT origin FROM version_vector ORDER BY origin')) {
    let after: readonly [epoch: number, sequence: string] = [0, '0'];
    for (let mayBeMore = true; mayBeMore;) {
      const { looked, gone, epoch, sequence } = await prunePiece(dataSource, origin, after, days);
      pruned += gone;
      mayBeMore = gone > 0 && looked === prunedAtOnceMax;
      if (epoch !== null && sequence !== null) after = [epoch, sequence];
    }
  }
  return pruned;
};

const prunePiece = async (dataSource: DataSource, origin: string, after: readonly [number, string], days: number): Promise<Page> => {
  const [page] = await rowsOf<Page>(
    dataSource,
    `WITH piece AS (
       SELECT i.event_id, i.epoch, i.sequence, i.applied_at FROM inbox i JOIN version_vector v ON v.origin = i.origin
        WHERE i.origin = $1 AND (i.epoch, i.sequence) > ($2, $3::bigint) AND i.sequence <= v.sequence ORDER BY i.epoch, i.sequence LIMIT $5),
     gone AS (
       DELETE FROM inbox i USING piece p
        WHERE i.event_id = p.event_id AND i.origin = $1 AND p.applied_at < now() - make_interval(days => $4) RETURNING 1),
     last AS (SELECT epoch, sequence FROM piece ORDER BY epoch DESC, sequence DESC LIMIT 1)
     SELECT (SELECT count(*)::int FROM piece) AS looked, (SELECT count(*)::int FROM gone) AS gone,
            (SELECT epoch FROM last) AS epoch, (SELECT sequence FROM last) AS sequence`,
    [origin, ...after, days, prunedAtOnceMax],
  );
  return page!;
};
