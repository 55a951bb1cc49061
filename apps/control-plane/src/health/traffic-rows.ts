import type { Traffic } from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { trafficExactMs, trafficKeptMs, windowOf, type TrafficPair } from './traffic-window.js';

interface Row {
  readonly ms: number;
  readonly stamp: string;
  readonly base: Traffic;
  readonly newest: Traffic;
}

const counts = (row: string): string =>
  `jsonb_build_object('requests', ${row}.requests, 'errors', ${row}.errors, 'latency', to_jsonb(${row}.latency))`;

/**
 * Traffic of the region's stamps over each window, by length and stamp. A process that was first heard within a window
 * counts from then: what its counters held before was not seen here and may be old.
 */
export const readTraffic = async (
  reader: Reader,
  region: string,
  windowsMs: readonly number[],
): Promise<Map<number, Record<string, Traffic>>> => {
  const rows = await rowsOf<Row>(
    reader,
    `WITH process AS (
       SELECT DISTINCT t.stamp, t.instance_id FROM stamp_traffic t JOIN stamp s ON s.name = t.stamp
        WHERE s.region = $1 AND t.at > clock_timestamp() - (SELECT max(m) FROM unnest($2::bigint[]) m) * interval '1 millisecond'
     )
     SELECT w.ms::double precision AS ms, p.stamp, ${counts('base')} AS base, ${counts('newest')} AS newest
       FROM unnest($2::bigint[]) AS w(ms) CROSS JOIN process p
       CROSS JOIN LATERAL (SELECT * FROM stamp_traffic t WHERE t.stamp = p.stamp AND t.instance_id = p.instance_id ORDER BY at DESC LIMIT 1) newest
       CROSS JOIN LATERAL (
         (SELECT 1 AS choice, t.* FROM stamp_traffic t WHERE t.stamp = p.stamp AND t.instance_id = p.instance_id
             AND at <= clock_timestamp() - w.ms * interval '1 millisecond' ORDER BY at DESC LIMIT 1)
         UNION ALL
         (SELECT 2, t.* FROM stamp_traffic t WHERE t.stamp = p.stamp AND t.instance_id = p.instance_id
             AND at > clock_timestamp() - w.ms * interval '1 millisecond' ORDER BY at LIMIT 1)
         ORDER BY choice LIMIT 1
       ) base
      WHERE newest.at > clock_timestamp() - w.ms * interval '1 millisecond'`,
    [region, windowsMs],
  );
  const byWindow = Map.groupBy(rows, (row) => row.ms);
  return new Map(windowsMs.map((ms) => [ms, windowOf((byWindow.get(ms) ?? []) satisfies readonly TrafficPair[])]));
};

/** Drops what is too old, and of what is not quite new all but the first slot of each minute: counters lose only resolution by it. */
export const thinTraffic = async (db: Reader): Promise<void> => {
  await db.query(
    `DELETE FROM stamp_traffic WHERE at < clock_timestamp() - $1 * interval '1 millisecond'
        OR (at < clock_timestamp() - $2 * interval '1 millisecond' AND extract(epoch FROM at)::bigint % 60 <> 0)`,
    [trafficKeptMs, trafficExactMs],
  );
};
