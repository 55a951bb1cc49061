import type { FleetSum } from '@lapidary/contracts/fleet-protocol';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

/**
 * What events tell of each tenant and every replica keeps of it, as 64 bits: against accidents, since whoever could choose rows to collide owns
 * them. `t`: the tenants, as SQL for FROM; times, which an event has to the millisecond only, are left out.
 */
const digestedFrom = (t: string): string =>
  `SELECT t.id AS key, t.home_region AS owner, ('x' || substr(md5(t.id), 1, 3))::bit(12)::int AS bucket,
          ('x' || substr(md5(t.id || ' ' || jsonb_build_array(t.status, t.status_reason, t.weight, t.residency, t.tier, t.labels, p.stamp, p.epoch, p.units,
             CASE WHEN t.status <> 'deleted' THEN (SELECT array_agg(h.hostname || ' ' || h.claim_hlc ORDER BY h.hostname COLLATE "C")
                                                     FROM tenant_hostname h WHERE h.tenant = t.id) END)::text), 1, 16))::bit(64)::bigint AS digest
     FROM ${t} AS t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current`;

/** Kept digests of another form are no digests: a process of the version before reads rows while one of the next keeps them, and the reverse. */
const form = createHash('md5').update(digestedFrom('tenant')).digest('hex');

const touchedRows = digestedFrom('(SELECT * FROM tenant WHERE id IN (SELECT key FROM tenant_touched))');
/** Names that two regions gave out, of which a region of the version before neither tells nor asks. */
const contestedRows = digestedFrom(
  `(SELECT * FROM tenant WHERE id IN (SELECT substr(subject, 8) FROM conflict WHERE collection IS NULL AND subject LIKE 'tenant/%'))`,
);
const isKept = `(SELECT form FROM tenant_digest_form) = '${form}'`;

/** Sums by bucket of an owner's ($1) tenants: what is kept, and of those that were touched since what they were and what they are. One statement: one view. */
const sumsByBucket = (withContested: boolean): string => `
  SELECT bucket, rows, sum FROM tenant_digest_sum WHERE owner = $1 AND ${isKept}
  UNION ALL SELECT bucket, -1, -digest::numeric FROM tenant_digest WHERE owner = $1 AND key IN (SELECT key FROM tenant_touched) AND ${isKept}
  UNION ALL SELECT bucket, 1, digest::numeric FROM (${touchedRows}) AS now WHERE owner = $1 AND ${isKept}
  UNION ALL SELECT bucket, 1, digest::numeric FROM (${digestedFrom('(SELECT * FROM tenant WHERE home_region = $1)')}) AS every WHERE NOT ${isKept}
  ${withContested ? '' : `UNION ALL SELECT bucket, -1, -digest::numeric FROM (${contestedRows}) AS contested WHERE owner = $1`}`;

export interface FleetAsked {
  readonly owner: string;
  /** With those whose names two regions gave out. */
  readonly contested: boolean;
}

export const tenantSum = async (reader: Reader, { owner, contested }: FleetAsked): Promise<FleetSum> =>
  (
    await rowsOf<FleetSum>(
      reader,
      `SELECT coalesce(sum(sum), 0)::text AS sum, coalesce(sum(rows), 0)::int AS rows FROM (${sumsByBucket(contested)}) AS parts`,
      [owner],
    )
  )[0]!;

/** Of the buckets that hold any row. */
export const tenantBucketSums = async (
  reader: Reader,
  { owner, contested }: FleetAsked,
): Promise<(FleetSum & { readonly bucket: number })[]> =>
  await rowsOf(
    reader,
    `SELECT bucket, sum(sum)::text AS sum, sum(rows)::int AS rows FROM (${sumsByBucket(contested)}) AS parts
      GROUP BY bucket HAVING sum(rows) <> 0 OR sum(sum) <> 0 ORDER BY bucket`,
    [owner],
  );

export interface RowDigest {
  readonly key: string;
  /** 16 hexadecimal digits. */
  readonly digest: string;
}
const asHex = `key, lpad(to_hex(digest), 16, '0') AS digest`;

export const tenantRows = async (reader: Reader, { owner, contested }: FleetAsked, buckets: readonly number[]): Promise<RowDigest[]> =>
  await rowsOf(
    reader,
    `SELECT ${asHex} FROM (
       SELECT key, digest FROM tenant_digest WHERE owner = $1 AND bucket = ANY ($2::int[]) AND ${isKept}
          AND NOT EXISTS (SELECT 1 FROM tenant_touched n WHERE n.key = tenant_digest.key)
       UNION ALL SELECT key, digest FROM (${touchedRows}) AS now WHERE owner = $1 AND bucket = ANY ($2::int[]) AND ${isKept}
       UNION ALL SELECT key, digest FROM (${digestedFrom('(SELECT * FROM tenant WHERE home_region = $1)')}) AS every
                  WHERE bucket = ANY ($2::int[]) AND NOT ${isKept}) AS found
      WHERE $3 OR NOT EXISTS (SELECT 1 FROM conflict c WHERE c.collection IS NULL AND c.subject = 'tenant/' || found.key) ORDER BY key`,
    [owner, buckets, contested],
  );

/** SQL: the tenants of an owner ($1) whose names are in `keys`, from the rows themselves: by these it is judged what differs, never by what is kept. */
export const tenantsNamed = (keys: string): string =>
  `SELECT ${asHex} FROM (${digestedFrom(`(SELECT * FROM tenant WHERE home_region = $1 AND id = ANY (${keys}))`)}) AS named`;

/** One transaction's worth: half a second of work, while nobody waits for it. */
const foldedAtOnceMax = 20_000;
/** Of a pass that looks whether what is kept is what the rows say: 20 ms. */
const checkedAtOnce = 2_000;

/** Takes those that were touched into what is kept; all, where that is of another form. Returns how many. */
export const foldTenants = async (dataSource: DataSource): Promise<number> => {
  let folded = 0;
  for (;;) {
    const some = await inTransaction(dataSource, async (tx) => {
      await lockForm(tx);
      const keys = await rowsOf<{ key: string }>(
        tx,
        `DELETE FROM tenant_touched WHERE ctid = ANY (ARRAY(SELECT ctid FROM tenant_touched LIMIT $1)) RETURNING key`,
        [foldedAtOnceMax],
      );
      if (keys.length > 0) await keep(tx, [...new Set(keys.map(({ key }) => key))]);
      return keys.length;
    });
    folded += some;
    if (some < foldedAtOnceMax) return folded;
  }
};

/** One at a time folds; whoever finds digests of another form begins anew. */
const lockForm = async (tx: Tx): Promise<void> => {
  const [kept] = await rowsOf<{ form: string }>(tx, 'SELECT form FROM tenant_digest_form FOR UPDATE');
  if (kept!.form === form) return;
  await tx.query('DELETE FROM tenant_digest');
  await tx.query('DELETE FROM tenant_digest_sum');
  await tx.query('INSERT INTO tenant_touched SELECT id FROM tenant');
  await tx.query('UPDATE tenant_digest_form SET form = $1', [form]);
};

const keep = async (tx: Tx, keys: readonly string[]): Promise<void> => {
  await tx.query(
    `WITH was AS MATERIALIZED (SELECT * FROM tenant_digest WHERE key = ANY ($1::text[])),
          is_now AS MATERIALIZED (${digestedFrom('(SELECT * FROM tenant WHERE id = ANY ($1::text[]))')}),
          gone AS (DELETE FROM tenant_digest WHERE key = ANY ($1::text[]) AND NOT EXISTS (SELECT 1 FROM is_now n WHERE n.key = tenant_digest.key)),
          kept AS (INSERT INTO tenant_digest (key, owner, bucket, digest) SELECT key, owner, bucket, digest FROM is_now
                   ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, bucket = excluded.bucket, digest = excluded.digest)
     INSERT INTO tenant_digest_sum AS s (owner, bucket, rows, sum)
       SELECT owner, bucket, sum(rows), sum(digest) FROM (
         SELECT owner, bucket, -1 AS rows, -digest::numeric AS digest FROM was UNION ALL SELECT owner, bucket, 1, digest::numeric FROM is_now) AS parts
        GROUP BY owner, bucket HAVING sum(rows) <> 0 OR sum(digest) <> 0
     ON CONFLICT (owner, bucket) DO UPDATE SET rows = s.rows + excluded.rows, sum = s.sum + excluded.sum`,
    [keys],
  );
};

export interface CheckedTenants {
  /** Null: all have been looked at. */
  readonly next: string | null;
  /** Kept digests, or sums of them, that were not those of the rows, and are made anew. */
  readonly wrong: number;
}

/**
 * Looks whether what is kept of the tenants behind `after` is what the rows say, and at the end whether the sums are those of what is kept: a
 * trigger that was off for a while must not hide a difference for good.
 */
export const checkTenants = async (dataSource: DataSource, after: string): Promise<CheckedTenants> =>
  await inTransaction(dataSource, async (tx) => {
    await lockForm(tx);
    const [page] = await rowsOf<{ last: string | null; looked: number }>(
      tx,
      `SELECT max(key) AS last, count(*)::int AS looked FROM (
         SELECT key FROM (SELECT id AS key FROM tenant WHERE id > $1 ORDER BY id LIMIT $2) AS rows
         UNION SELECT key FROM (SELECT key FROM tenant_digest WHERE key > $1 ORDER BY key LIMIT $2) AS kept ORDER BY key LIMIT $2) AS page`,
      [after, checkedAtOnce],
    );
    if (page!.last === null) return { next: null, wrong: await checkSums(tx) };
    const wrong = await rowsOf<{ key: string }>(
      tx,
      `INSERT INTO tenant_touched SELECT coalesce(r.key, k.key)
         FROM (${digestedFrom('(SELECT * FROM tenant WHERE id > $1 AND id <= $2)')}) AS r
         FULL JOIN (SELECT * FROM tenant_digest WHERE key > $1 AND key <= $2) AS k ON k.key = r.key
        WHERE (r.owner, r.bucket, r.digest) IS DISTINCT FROM (k.owner, k.bucket, k.digest)
          AND NOT EXISTS (SELECT 1 FROM tenant_touched n WHERE n.key = coalesce(r.key, k.key)) RETURNING key`,
      [after, page!.last],
    );
    return { next: page!.last, wrong: wrong.length };
  });

const checkSums = async (tx: Tx): Promise<number> =>
  (
    await rowsOf(
      tx,
      `WITH made AS MATERIALIZED (SELECT owner, bucket, count(*) AS rows, sum(digest::numeric) AS sum FROM tenant_digest GROUP BY owner, bucket)
       INSERT INTO tenant_digest_sum AS s (owner, bucket, rows, sum)
         SELECT coalesce(m.owner, k.owner), coalesce(m.bucket, k.bucket), coalesce(m.rows, 0), coalesce(m.sum, 0)
           FROM made m FULL JOIN tenant_digest_sum k ON k.owner = m.owner AND k.bucket = m.bucket
          WHERE coalesce(m.rows, 0) <> coalesce(k.rows, 0) OR coalesce(m.sum, 0) <> coalesce(k.sum, 0)
       ON CONFLICT (owner, bucket) DO UPDATE SET rows = excluded.rows, sum = excluded.sum RETURNING 1`,
    )
  ).length;
