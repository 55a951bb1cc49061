import { fleetBuckets, fleetTables, type FleetLook, type FleetSum, type FleetTable } from '@lapidary/contracts/fleet-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { tenantBucketSums, tenantRows, tenantsNamed, tenantSum, type TenantDigest } from './tenant-digests.js';

/** Few beside tenants: summed from their rows whenever it is asked. */
type FewTable = Exclude<FleetTable, 'tenant'>;

/**
 * What events tell of each row and every replica keeps of it, as one JSON value. Left out is what changes without an event (usage, health, when
 * a placement began to serve), what each region counts for itself, and times, which an event has to the millisecond only. $1 is the owner.
 */
const bodies: Readonly<Record<FewTable, string>> = {
  definition: `SELECT name AS key, definition AS body FROM collection WHERE $1::text IS NOT NULL`,
  stamp: `SELECT name AS key, jsonb_build_array(status, cordoned, cordon_reason, held_by_rollout, ring, profile, isolation, driver, capacity_units, epoch,
                 template_version, workload_version, front_doors, labels, spec_digest) AS body
            FROM stamp WHERE region = $1`,
};
/** 64 bits, against accidents: whoever could choose rows to collide owns them. */
const digested = (table: FewTable): string =>
  `SELECT key, substr(md5(key || ' ' || body::text), 1, 16) AS digest, ('x' || substr(md5(key), 1, 3))::bit(12)::int AS bucket
     FROM (${bodies[table]}) AS told`;
/** Digests are added as numbers, so that rows may stand in any order; 64 bits of them, as of documents. */
const sum = `coalesce(sum(('x' || digest)::bit(64)::bigint::numeric), 0)::text AS sum, count(*)::int AS rows`;

/** `contested`: with tenants whose names two regions gave out, of which regions of the version before say nothing. */
export const fleetSums = async (reader: Reader, owner: string, contested = true): Promise<ReadonlyMap<FleetTable, FleetSum>> => {
  const sums = new Map<FleetTable, FleetSum>();
  for (const table of fleetTables)
    sums.set(
      table,
      table === 'tenant'
        ? await tenantSum(reader, { owner, contested })
        : (await rowsOf<FleetSum>(reader, `SELECT ${sum} FROM (${digested(table)}) AS d`, [owner]))[0]!,
    );
  return sums;
};

export const fleetBucketSums = async (
  reader: Reader,
  owner: string,
  table: FleetTable,
  contested = true,
): Promise<(FleetSum & { readonly bucket: number })[]> =>
  table === 'tenant'
    ? await tenantBucketSums(reader, { owner, contested })
    : await rowsOf(reader, `SELECT bucket, ${sum} FROM (${digested(table)}) AS d GROUP BY bucket ORDER BY bucket`, [owner]);

/** Rows of some buckets. A bucket is asked for by all of it. */
export const fleetRows = async (
  reader: Reader,
  owner: string,
  table: FleetTable,
  buckets: readonly number[],
  contested = true,
): Promise<TenantDigest[]> => {
  const some = buckets.slice(0, fleetBuckets);
  if (table === 'tenant') return await tenantRows(reader, { owner, contested }, some);
  return await rowsOf(reader, `SELECT key, digest FROM (${digested(table)}) AS d WHERE bucket = ANY ($2::int[]) ORDER BY key`, [
    owner,
    some,
  ]);
};

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
       LEFT JOIN (${table === 'tenant' ? tenantsNamed('$2::text[]') : digested(table)}) AS d ON d.key = k.key ORDER BY k.n`,
    [owner, keys, subjectOf[table]],
  );

/**
 * Names, of those that are not there on one side, that two regions gave out: there is one row of such a name, the winner's, and beside it the
 * loser's in its own region, for a person to look after. What is not kept of `owner` by this rule differs by it.
 */
export const missingByRule = async (reader: Reader, owner: string, keys: readonly string[]): Promise<ReadonlySet<string>> => {
  const rows = await rowsOf<{ key: string }>(
    reader,
    `SELECT DISTINCT k.key FROM unnest($2::text[]) AS k(key) JOIN tenant t ON t.id = k.key JOIN conflict c ON c.collection IS NULL AND c.subject = 'tenant/' || k.key
      WHERE $1 IN (c.winner->>'region', c.loser->>'region')
        AND (t.home_region IN ($1, (SELECT region FROM origin)) OR (c.winner->>'region' = t.home_region AND c.loser->>'region' = $1))`,
    [owner, keys],
  );
  return new Set(rows.map(({ key }) => key));
};
