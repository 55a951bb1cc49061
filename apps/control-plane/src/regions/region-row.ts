import { RegionSchema, type RegionView } from '@lapidary/contracts/api/regions';
import type { Reader } from '@lapidary/db/transaction';
import { answersNow, cutSince } from './peer-freshness.js';
import type { RegionDecisions } from './given-up-rows.js';
import type { LinkState } from './replication-status.js';

export interface RegionRow {
  readonly name: string;
  readonly display_name: string;
  readonly jurisdiction: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly stamps: number;
  readonly tenants: number;
  readonly pending: number;
  readonly capacity_units: number;
  readonly used_units: number;
  readonly own_sequence: string;
  readonly applied_sequence: string | null;
  readonly lag_ms: number | null;
  readonly answers: boolean;
  readonly confirmed_at: Date | null;
}

/**
 * How late events come: the last one, while it is news; nothing, once all of them have been here for a while, however late the last one came
 * after a cut; and where some wait to be taken in, at least since when nothing was.
 */
const lag = `CASE WHEN v.head > v.sequence THEN greatest(v.applied_at - v.last_event_at, now() - v.applied_at)
                  WHEN v.applied_at < now() - interval '1 minute' THEN interval '0' ELSE v.applied_at - v.last_event_at END`;

/**
 * Counts are taken from this geode's rows: its own, and its replicas of the others' (P-ST9; `link` says how fresh
 * those are). Room counts where tenants may live: on active stamps. Usage is the placements', as for single stamps.
 */
const regionSelect = `
  SELECT r.name, r.display_name, r.jurisdiction, r.latitude, r.longitude,
         (SELECT count(*)::int FROM stamp s WHERE s.region = r.name AND s.status <> 'retired') AS stamps,
         (SELECT count(*)::int FROM tenant t WHERE t.home_region = r.name AND t.status <> 'deleted') AS tenants,
         (SELECT count(*)::int FROM tenant t WHERE t.home_region = r.name AND t.status = 'pending') AS pending,
         (SELECT coalesce(sum(s.capacity_units), 0)::int FROM stamp s WHERE s.region = r.name AND s.status = 'active') AS capacity_units,
         (SELECT coalesce(sum(p.units), 0)::int FROM placement p JOIN stamp s ON s.name = p.stamp
           WHERE s.region = r.name AND p.is_current) AS used_units,
         o.sequence AS own_sequence, v.sequence AS applied_sequence,
         (extract(epoch FROM ${lag}) * 1000)::double precision AS lag_ms,
         ${answersNow('v')} AS answers, v.confirmed_at
    FROM region r CROSS JOIN origin o LEFT JOIN version_vector v ON v.origin = r.name`;

export const listRegions = async (reader: Reader, query: { readonly after: string | null; readonly limit: number }): Promise<RegionRow[]> =>
  reader.query(`${regionSelect} WHERE $1::text IS NULL OR r.name > $1 ORDER BY r.name LIMIT $2`, [query.after, query.limit + 1]);

export const findRegion = async (reader: Reader, name: string): Promise<RegionRow | null> => {
  const [row]: RegionRow[] = await reader.query(`${regionSelect} WHERE r.name = $1`, [name]);
  return row ?? null;
};

export const regionViewOf = (
  row: RegionRow,
  localRegion: string,
  link: LinkState | undefined,
  { standings, voids }: RegionDecisions,
): RegionView =>
  RegionSchema.parse({
    name: row.name,
    displayName: row.display_name,
    jurisdiction: row.jurisdiction,
    location: { latitude: row.latitude, longitude: row.longitude },
    local: row.name === localRegion,
    stamps: row.stamps,
    tenants: row.tenants,
    pending: row.pending,
    capacity: { units: row.capacity_units },
    used: { units: row.used_units },
    link: linkOf(row, row.name === localRegion, link),
    givenUp: standings.get(row.name),
    notGivenUp: voids.get(row.name),
  } satisfies RegionView);

/** Connected means both: there is a connection, and that region's control plane answers over it. */
const linkOf = (row: RegionRow, isLocal: boolean, link: LinkState | undefined): RegionView['link'] => {
  if (isLocal) return { state: 'self', appliedSequence: Number(row.own_sequence), lagMs: null, cutSince: null };
  const appliedSequence = Number(row.applied_sequence ?? 0);
  // How far behind it is, nobody here knows then.
  if (link?.state !== 'connected' || !row.answers)
    return { state: 'cut', appliedSequence, lagMs: null, cutSince: cutSince(row.confirmed_at, link) };
  return { state: 'connected', appliedSequence, lagMs: row.lag_ms === null ? null : Math.max(0, Math.round(row.lag_ms)), cutSince: null };
};
