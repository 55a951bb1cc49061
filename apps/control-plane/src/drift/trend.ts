import type { DriftTrend, SensorReport } from '@lapidary/contracts/api/drift';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';

/** Notes a look over all stamps in its day; called once for each, in the transaction that ends it. */
export const noteDay = async (tx: Tx, isDone: boolean, sensors: readonly SensorReport[]): Promise<void> => {
  const blind = sensors.filter((s) => s.canary === 'missed').map((s) => s.kind);
  await tx.query(
    `INSERT INTO drift_day AS d (day, runs, failed, blind) VALUES ((now() AT TIME ZONE 'UTC')::date, $1, $2, $3)
     ON CONFLICT (day) DO UPDATE SET runs = d.runs + excluded.runs, failed = d.failed + excluded.failed,
       blind = ARRAY(SELECT DISTINCT kind FROM unnest(d.blind || excluded.blind) AS kind ORDER BY kind)`,
    [isDone ? 1 : 0, isDone ? 0 : 1, blind],
  );
};

/**
 * Each day of the last `days`, today with them, in UTC. What appeared and went is counted from the findings themselves, so that looks between
 * the runs (a peer's digest that differs, a router's) are in it.
 */
export const readTrend = async (reader: Reader, region: string, days: number): Promise<DriftTrend> => {
  const rows = await rowsOf<DriftTrend['days'][number]>(
    reader,
    `WITH span AS (SELECT (now() AT TIME ZONE 'UTC')::date - $1::int + 1 AS first),
          appeared AS (SELECT (first_seen AT TIME ZONE 'UTC')::date AS day, count(*)::int AS n FROM drift_finding, span
                        WHERE first_seen >= first AT TIME ZONE 'UTC' GROUP BY 1),
          resolved AS (SELECT (resolved_at AT TIME ZONE 'UTC')::date AS day, count(*)::int AS n FROM drift_finding, span
                        WHERE resolved_at IS NOT NULL AND resolved_at >= first AT TIME ZONE 'UTC' GROUP BY 1),
          before AS (SELECT (SELECT count(*) FROM drift_finding WHERE resolved_at IS NULL) + coalesce((SELECT sum(n) FROM resolved), 0)
                            - coalesce((SELECT sum(n) FROM appeared), 0) AS n)
     SELECT to_char(day, 'YYYY-MM-DD') AS day, coalesce(d.runs, 0) AS runs, coalesce(d.failed, 0) AS failed,
            coalesce(a.n, 0) AS appeared, coalesce(r.n, 0) AS resolved,
            (before.n + sum(coalesce(a.n, 0) - coalesce(r.n, 0)) OVER (ORDER BY day))::int AS open, coalesce(d.blind, '{}') AS blind
       FROM span CROSS JOIN before CROSS JOIN LATERAL (SELECT first + n AS day FROM generate_series(0, $1::int - 1) AS n) AS all_days
       LEFT JOIN drift_day d USING (day) LEFT JOIN appeared a USING (day) LEFT JOIN resolved r USING (day) ORDER BY day`,
    [days],
  );
  return { region, days: rows };
};
