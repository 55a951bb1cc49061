import { fleetBuckets, fleetTables, type FleetLook, type FleetTable } from '@lapidary/contracts/fleet-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';

/**
 * What events tell of each row and every replica keeps of it, as one JSON value. Left out is what changes without an event (usage, health, when
 * a placement began to serve), what each region counts for itself, and times, which an event has to the millisecond only. A tenant whose name two
 * regions gave out is two tenants, and the ledger tells of it. $1 is the owner.
 */
const bodies: Readonly<Record<FleetTable, string>> = {
  definition: `SELECT name AS key, definition AS body FROM collection WHERE $1::text IS NOT NULL`,
  stamp: `SELECT name AS key, jsonb_build_array(status, cordoned, cordon_reason, held_by_rollout, ring, profile, isolation, driver, capacity_units, epoch,
                 template_version, workload_version, front_doors, labels, spec_digest) AS body
            FROM stamp WHERE region = $1`,
  tenant: `SELECT t.id AS key, jsonb_build_array(t.status, t.status_reason, t.weight, t.residency, t.tier, t.labels, p.stamp, p.epoch, p.units,
                  CASE WHEN t.status <> 'deleted' THEN h.hosts END) AS body
             FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
             LEFT JOIN (SELECT tenant, array_agg(hostname || ' ' || claim_hlc ORDER BY hostname COLLATE "C") AS hosts FROM tenant_hostname GROUP BY tenant) AS h
                    ON h.tenant = t.id
            WHERE t.home_region = $1 AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.collection IS NULL AND c.subject = 'tenant/' || t.id)`,
};
/** 64 bits, against accidents: whoever could choose rows to collide owns them. */
const digested = (table: FleetTable): string =>
  `SELECT key, substr(md5(key || ' ' || body::text), 1, 16) AS digest, ('x' || substr(md5(key), 1, 3))::bit(12)::int AS bucket
     FROM (${bodies[table]}) AS told`;
/** Digests are added as numbers, so that rows may stand in any order; 64 bits of them, as of documents. */
const sum = `coalesce(sum(('x' || digest)::bit(64)::bigint::numeric), 0)::text AS sum, count(*)::int AS rows`;

export interface FleetSum {
  readonly rows: number;
  readonly sum: string;
}

export const fleetSums = async (reader: Reader, owner: string): Promise<ReadonlyMap<FleetTable, FleetSum>> => {
  const sums = new Map<FleetTable, FleetSum>();
  for (const table of fleetTables)
    sums.set(table, (await rowsOf<FleetSum>(reader, `SELECT ${sum} FROM (${digested(table)}) AS d`, [owner]))[0]!);
  return sums;
};

export const fleetBucketSums = async (
  reader: Reader,
  owner: string,
  table: FleetTable,
): Promise<(FleetSum & { readonly bucket: number })[]> =>
  await rowsOf(reader, `SELECT bucket, ${sum} FROM (${digested(table)}) AS d GROUP BY bucket ORDER BY bucket`, [owner]);

/** Rows of some buckets. A bucket is asked for by all of it: the whole table is read, once for as many buckets as are asked. */
export const fleetRows = async (
  reader: Reader,
  owner: string,
  table: FleetTable,
  buckets: readonly number[],
): Promise<{ readonly key: string; readonly digest: string }[]> =>
  await rowsOf(reader, `SELECT key, digest FROM (${digested(table)}) AS d WHERE bucket = ANY ($2::int[]) ORDER BY key`, [
    owner,
    buckets.slice(0, fleetBuckets),
  ]);

/** Why a difference of a row is no drift: something of it is known to be on its way, or to have been refused. */
const holds: Readonly<Record<FleetTable, string>> = {
  definition: `OR EXISTS (SELECT 1 FROM held_change h WHERE h.event->>'type' = 'lapidary.collection.defined.v1' AND h.event->'data'->>'collection' = k.key)`,
  stamp: `OR EXISTS (SELECT 1 FROM refused_epoch r WHERE r.what = 'stamp' AND r.name = k.key)`,
  tenant: `OR EXISTS (SELECT 1 FROM refused_epoch r WHERE r.what = 'tenant' AND r.name = k.key)`,
};
const subjectOf: Readonly<Record<FleetTable, string>> = { definition: 'collection/', stamp: 'stamp/', tenant: 'tenant/' };

/** Rows by name, in the order of the keys, also those that are not there. */
export const fleetLooks = async (reader: Reader, owner: string, table: FleetTable, keys: readonly string[]): Promise<FleetLook[]> =>
  await rowsOf<FleetLook>(
    reader,
    `SELECT k.key, d.digest,
            EXISTS (SELECT 1 FROM dead_letter l WHERE l.state IN ('open', 'waiting') AND l.subject IN ('unreadable', $3 || k.key)) ${holds[table]} AS held
       FROM unnest($2::text[]) WITH ORDINALITY AS k(key, n)
       LEFT JOIN (${digested(table)}) AS d ON d.key = k.key ORDER BY k.n`,
    [owner, keys, subjectOf[table]],
  );
