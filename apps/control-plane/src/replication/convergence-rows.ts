import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { noCounts, quantileMs, type BucketCounts } from '@lapidary/replication/convergence';

/** What people ask about is now; a minute has too few events on a quiet day. */
const shownMinutes = 15;
const keptDays = 7;

export interface Convergence {
  readonly events: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Adds to this minute's counts. */
export const addConvergence = async (db: Pick<Tx, 'query'>, origin: string, counts: BucketCounts): Promise<void> => {
  await db.query(
    `INSERT INTO convergence AS c (origin, minute, counts) VALUES ($1, date_trunc('minute', now()), $2)
     ON CONFLICT (origin, minute) DO UPDATE SET counts = (
       SELECT array_agg(a + b ORDER BY n) FROM unnest(c.counts, excluded.counts) WITH ORDINALITY AS t(a, b, n))`,
    [origin, counts],
  );
};

/** Of the last quarter of an hour, by the region that the events are from. */
export const readConvergence = async (reader: Reader): Promise<ReadonlyMap<string, Convergence>> => {
  const rows = await rowsOf<{ origin: string; counts: number[] }>(
    reader,
    `SELECT origin, array_agg(total::int ORDER BY n) AS counts FROM (
       SELECT origin, n, sum(count) AS total FROM convergence, unnest(counts) WITH ORDINALITY AS t(count, n)
        WHERE minute > now() - make_interval(mins => $1) GROUP BY origin, n) AS sums GROUP BY origin`,
    [shownMinutes],
  );
  return new Map(
    rows.map(({ origin, counts }) => {
      const events = counts.reduce((sum, count) => sum + count, 0);
      return [origin, { events, p50Ms: quantileMs(counts, 0.5), p99Ms: quantileMs(counts, 0.99) }];
    }),
  );
};

export const pruneConvergence = async (db: Pick<Tx, 'query'>): Promise<void> => {
  await db.query('DELETE FROM convergence WHERE minute < now() - make_interval(days => $1)', [keptDays]);
};

/** Counts of one link between two writes of them. */
export class ConvergenceCounts {
  private counts = noCounts();

  add(bucket: number): void {
    this.counts[bucket]! += 1;
  }

  /** What was counted since the last call; null where nothing was. */
  take(): number[] | null {
    if (this.counts.every((count) => count === 0)) return null;
    const taken = this.counts;
    this.counts = noCounts();
    return taken;
  }
}
