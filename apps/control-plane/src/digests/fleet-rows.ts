import { fleetBuckets, fleetTables, type FleetLook, type FleetSum, type FleetTable } from '@lapidary/contracts/fleet-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { tenantBucketSums, tenantRows, tenantsNamed, tenantSum, type FleetAsked, type RowDigest } from './tenant-digests.js';

/** Where digests of a table's rows come from; times, which an event has to the millisecond only, are in none. */
interface Source {
  sum(reader: Reader, asked: FleetAsked): Promise<FleetSum>;
  bucketSums(reader: Reader, asked: FleetAsked): Promise<BucketSum[]>;
  rows(reader: Reader, asked: FleetAsked, buckets: readonly number[]): Promise<RowDigest[]>;
  /** SQL: `key` and `digest` of rows of the owner ($1), of those that are named in $2 at the least. */
  readonly named: string;
}
type BucketSum = FleetSum & { readonly bucket: number };

/** Digests are added as numbers, so that rows may stand in any order; 64 bits of them, as of documents. */
const sum = `coalesce(sum(('x' || digest)::bit(64)::bigint::numeric), 0)::text AS sum, count(*)::int AS rows`;

/**
 * Few beside tenants: summed from their rows whenever it is asked. `body`: what events tell of each row and every replica keeps of it, as one JSON
 * value; $1 is the owner. 64 bits of it, against accidents: whoever could choose rows to collide owns them.
 */
const fromRows = (body: string): Source => {
  const digested = `SELECT key, substr(md5(key || ' ' || body::text), 1, 16) AS digest, ('x' || substr(md5(key), 1, 3))::bit(12)::int AS bucket
     FROM (${body}) AS told`;
  return {
    sum: async (reader, { owner }) => (await rowsOf<FleetSum>(reader, `SELECT ${sum} FROM (${digested}) AS d`, [owner]))[0]!,
    bucketSums: async (reader, { owner }) =>
      await rowsOf(reader, `SELECT bucket, ${sum} FROM (${digested}) AS d GROUP BY bucket ORDER BY bucket`, [owner]),
    rows: async (reader, { owner }, buckets) =>
      await rowsOf(reader, `SELECT key, digest FROM (${digested}) AS d WHERE bucket = ANY ($2::int[]) ORDER BY key`, [owner, buckets]),
    named: digested,
  };
};

/** Left out of the bodies is what changes without an event (usage, health, when a placement began to serve), and what each region counts for itself. */
const sources: Readonly<Record<FleetTable, Source>> = {
  definition: fromRows(`SELECT name AS key, definition AS body FROM collection WHERE $1::text IS NOT NULL`),
  stamp:
    fromRows(`SELECT name AS key, jsonb_build_array(status, cordoned, cordon_reason, held_by_rollout, ring, profile, isolation, driver, capacity_units, epoch,
                 template_version, workload_version, front_doors, labels, spec_digest) AS body
            FROM stamp WHERE region = $1`),
  tenant: { sum: tenantSum, bucketSums: tenantBucketSums, rows: tenantRows, named: tenantsNamed('$2::text[]') },
};

/** `contested`: with tenants whose names two regions gave out, of which regions of the version before say nothing. */
export const fleetSums = async (reader: Reader, owner: string, contested = true): Promise<ReadonlyMap<FleetTable, FleetSum>> => {
  const sums = new Map<FleetTable, FleetSum>();
  for (const table of fleetTables) sums.set(table, await sources[table].sum(reader, { owner, contested }));
  return sums;
};

export const fleetBucketSums = async (reader: Reader, owner: string, table: FleetTable, contested = true): Promise<BucketSum[]> =>
  await sources[table].bucketSums(reader, { owner, contested });

/** Rows of some buckets. A bucket is asked for by all of it. */
export const fleetRows = async (
  reader: Reader,
  owner: string,
  table: FleetTable,
  buckets: readonly number[],
  contested = true,
): Promise<RowDigest[]> => await sources[table].rows(reader, { owner, contested }, buckets.slice(0, fleetBuckets));

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
       LEFT JOIN (${sources[table].named}) AS d ON d.key = k.key ORDER BY k.n`,
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
