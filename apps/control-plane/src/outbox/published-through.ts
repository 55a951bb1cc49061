import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';

type Queryable = Pick<Tx, 'query'>;

/** Highest sequence up to which the stream once acknowledged everything; 0 where none. */
export const publishedThrough = async (db: Queryable): Promise<number> => {
  const [row] = await rowsOf<{ through: string }>(db, 'SELECT through FROM outbox_published');
  return Number(row?.through ?? 0);
};

/**
 * Moves the mark on from where it was when the events were read. False where somebody else has moved it meanwhile, or has put it back
 * because the stream lost something: what they know is newer, and whoever asks begins again from there.
 */
export const markPublished = async (db: Queryable, from: number, through: number): Promise<boolean> =>
  (await rowsOf(db, 'UPDATE outbox_published SET through = $2 WHERE through = $1 RETURNING 1', [from, through])).length > 0;

/** Puts the mark back, so that the relay sends what is behind it again. Returns how many events. */
export const publishAgainFrom = async (db: Queryable, from: number): Promise<number> => {
  const [row] = await rowsOf<{ count: number }>(
    db,
    `WITH was AS (SELECT through FROM outbox_published WHERE through >= $1 FOR UPDATE),
          back AS (UPDATE outbox_published SET through = $1::bigint - 1 WHERE EXISTS (SELECT 1 FROM was))
     SELECT count(*)::int AS count FROM outbox_number n, was WHERE n.sequence BETWEEN $1 AND was.through`,
    [from],
  );
  return row!.count;
};

/** What is committed and not yet in the stream, with or without a number. */
export const outboxBacklog = async (db: Queryable): Promise<{ depth: number; ageSeconds: number }> => {
  const [row] = await rowsOf<{ depth: string; age: string | null }>(
    db,
    // Numbers are given in the order of positions but for what committed late, so the first of each half is nearly the oldest.
    `SELECT (SELECT count(*) FROM outbox_waiting) + (SELECT count(*) FROM outbox_number n, outbox_published p WHERE n.sequence > p.through) AS depth,
            extract(epoch FROM clock_timestamp() - (SELECT min(o.created_at) FROM outbox o WHERE o.position IN (
              (SELECT min(position) FROM outbox_waiting),
              (SELECT n.position FROM outbox_number n, outbox_published p WHERE n.sequence > p.through ORDER BY n.sequence LIMIT 1)))) AS age`,
  );
  return { depth: Number(row?.depth ?? 0), ageSeconds: Math.max(0, Number(row?.age ?? 0)) };
};
