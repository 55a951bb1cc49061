import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import type { PublishingTroubleView } from '@lapidary/contracts/api/replication';

type Queryable = Pick<Tx, 'query'>;
export type Published = PublishingTroubleView['what'];

/**
 * Keeps, where every replica sees it, what keeps the one that leads from publishing: the database takes writes, the stream takes none. A leader that
 * dies leaves the row to the next one, which ends it with the first round that goes through.
 */
export const noteTrouble = async (db: Queryable, what: Published, because: string): Promise<void> => {
  await db.query(
    `INSERT INTO publishing_trouble AS t (what, because) VALUES ($1, $2)
     ON CONFLICT (what) DO UPDATE SET because = excluded.because WHERE t.because <> excluded.because`,
    [what, because],
  );
};

export const endTrouble = async (db: Queryable, what: Published): Promise<void> => {
  await db.query('DELETE FROM publishing_trouble WHERE what = $1', [what]);
};

/** In the order of their names; empty: all that was committed is published, or is on its way. */
export const readTrouble = async (reader: Reader): Promise<PublishingTroubleView[]> => {
  const rows = await rowsOf<{ what: Published; since: Date; because: string }>(
    reader,
    'SELECT what, since, because FROM publishing_trouble ORDER BY what',
  );
  return rows.map(({ since, ...row }) => ({ ...row, since: since.toISOString() }));
};
