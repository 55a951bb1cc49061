import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { openJobStatuses } from '../jobs/job-states.js';
import type { BuildHistory, CapacityFacts, LastBuild, StampRoom, WaitingTenant } from './facts.js';

/** Of a longer queue the rest calls for a stamp as well. */
const waitingMax = 5_000;
/** Latest builds that the lead time is measured by, and that are looked at for failures in a row. */
const buildsMax = 20;

/** The facts that the database holds; specs and prices come from elsewhere. */
export type StoredFacts = Omit<CapacityFacts, 'next' | 'cost'>;

export const readStoredFacts = async (reader: Reader, region: string, windowDays: number): Promise<StoredFacts> => ({
  region,
  nowMs: await nowOf(reader),
  stamps: await stampsOf(reader, region),
  waiting: await waitingOf(reader, region),
  netUnitsPerDay: await rateOf(reader, region, windowDays),
  build: await buildsOf(reader, region),
  building: await buildingOf(reader, region),
  lastBuild: await lastBuildOf(reader, region),
});

/** The database's clock: it gave all the other times. */
const nowOf = async (reader: Reader): Promise<number> =>
  (await rowsOf<{ now: Date }>(reader, 'SELECT clock_timestamp() AS now'))[0]!.now.getTime();

const stampsOf = (reader: Reader, region: string): Promise<StampRoom[]> =>
  rowsOf<StampRoom>(
    reader,
    `SELECT name, status, cordoned, isolation, capacity_units AS "capacityUnits", used_units + reserved_units AS "takenUnits",
            tenant_count AS tenants FROM stamp WHERE region = $1 ORDER BY name`,
    [region],
  );

const waitingOf = (reader: Reader, region: string): Promise<WaitingTenant[]> =>
  rowsOf<WaitingTenant>(
    reader,
    `SELECT id, weight AS units, tier FROM tenant WHERE home_region = $1 AND status = 'pending' ORDER BY pending_since, id LIMIT $2`,
    [region, waitingMax],
  );

/**
 * Units placed on pooled stamps less units given back, per day. A region younger than the window is judged by its age, but by
 * an hour at least: its first minutes say nothing about a day.
 */
const rateOf = async (reader: Reader, region: string, windowDays: number): Promise<number | null> => {
  const [row] = await rowsOf<{ net: number; days: number; any: boolean }>(
    reader,
    `WITH span AS (SELECT now() - $2 * interval '1 day' AS since),
     placed AS (
       SELECT p.units, p.decided_at, p.ended_at FROM placement p JOIN stamp s ON s.name = p.stamp
        WHERE s.region = $1 AND s.isolation = 'pooled'
     )
     SELECT (coalesce(sum(units) FILTER (WHERE decided_at >= since), 0) - coalesce(sum(units) FILTER (WHERE ended_at >= since), 0))::float8 AS net,
            greatest(extract(epoch FROM now() - greatest(min(since), min(decided_at))) / 86400, 1.0 / 24)::float8 AS days,
            count(*) FILTER (WHERE decided_at >= since OR ended_at >= since) > 0 AS any
     FROM span LEFT JOIN placed ON true`,
    [region, windowDays],
  );
  return row?.any ? row.net / row.days : null;
};

/** How long nine of ten of the region's latest builds took, from being asked for to serving. */
const buildsOf = async (reader: Reader, region: string): Promise<BuildHistory | null> => {
  const [row] = await rowsOf<{ samples: number; p90: number | null }>(
    reader,
    `SELECT count(*)::int AS samples, percentile_cont(0.9) WITHIN GROUP (ORDER BY ms) AS p90
     FROM (SELECT (extract(epoch FROM finished_at - created_at) * 1000)::float8 AS ms FROM job
            WHERE region = $1 AND kind = 'provision' AND status = 'succeeded' AND variant LIKE '%, build'
            ORDER BY finished_at DESC LIMIT $2) AS builds`,
    [region, buildsMax],
  );
  return row && row.p90 !== null ? { samples: row.samples, p90Ms: Math.round(row.p90) } : null;
};

const buildingOf = async (reader: Reader, region: string): Promise<string | null> =>
  (
    await rowsOf<{ subject: string }>(
      reader,
      `SELECT j.subject FROM job j JOIN stamp s ON s.name = j.subject
       WHERE j.region = $1 AND j.kind = 'provision' AND j.status = ANY($2) AND s.status <> 'active' ORDER BY j.created_at LIMIT 1`,
      [region, openJobStatuses],
    )
  )[0]?.subject ?? null;

const lastBuildOf = async (reader: Reader, region: string): Promise<LastBuild | null> => {
  const builds = await rowsOf<{ stamp: string; status: string; finished_at: Date }>(
    reader,
    `SELECT d.stamp, j.status, j.finished_at FROM capacity_decision d JOIN job j ON j.id = d.job
     WHERE d.region = $1 AND d.action = 'build' AND j.finished_at IS NOT NULL ORDER BY d.id DESC LIMIT $2`,
    [region, buildsMax],
  );
  const [last] = builds;
  if (!last) return null;
  const succeeded = builds.findIndex((b) => b.status === 'succeeded');
  return { stamp: last.stamp, endedAtMs: last.finished_at.getTime(), failures: succeeded === -1 ? builds.length : succeeded };
};
