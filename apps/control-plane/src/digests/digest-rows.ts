import type { PolicyKind } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import { addRoots, emptyRoot, type Root } from '@lapidary/replication/digest/bucket-table';
import { bucketCount, elementOfInt8, type Element } from '@lapidary/replication/digest/element';
import { SetDigest, type ElementChange } from '@lapidary/replication/digest/set-digest';
import type { DataSource } from 'typeorm';

/** Which documents a digest is of: of one collection and kind, whose tenants may be in the same places. */
export interface DigestDomain {
  readonly collection: string;
  readonly kind: PolicyKind;
  /** Regions and jurisdictions, sorted, with commas between; empty: everywhere. */
  readonly audience: string;
}

interface DeltaRow {
  readonly removed: string | null;
  readonly added: string | null;
}

/** One transaction's worth: some 100 ms of work while nobody waits for it. */
const foldedAtOnceMax = 20_000;
/** Pages of a rebuild, in buckets: of a million rows some 60,000. */
const rebuiltAtOnceBuckets = 256;

/** SQL: the audience of documents of the tenant `t`, which may be missing; as document_audience(), for joins instead of a query a row. */
export const audienceOf = (t: string): string => `CASE WHEN cardinality(${t}.residency) > 0 THEN audience_of(${t}.residency) ELSE '' END`;

const isOf = 'collection = $1 AND kind = $2 AND audience = $3';
const keyOf = ({ collection, kind, audience }: DigestDomain): string[] => [collection, kind, audience];
const elementAt = (text: string | null): Element | null => (text === null ? null : elementOfInt8(text));
const changeOf = ({ removed, added }: DeltaRow): ElementChange => ({ removed: elementAt(removed), added: elementAt(added) });

/** Root of each set that is not empty, as of the reader's snapshot. Costs as much as there are sets and open changes, however many rows. */
export const readRoots = async (reader: Reader): Promise<(DigestDomain & { readonly root: Root })[]> => {
  const rows = await rowsOf<DigestDomain & { rows: string; total: string }>(
    reader,
    `SELECT collection, kind, audience, sum(rows)::text AS rows, sum(total)::text AS total FROM (
       SELECT collection, kind, audience, rows, root::numeric AS total FROM digest_state
       UNION ALL
       SELECT collection, kind, audience, count(added) - count(removed), coalesce(sum(added), 0) - coalesce(sum(removed), 0)
         FROM digest_delta GROUP BY collection, kind, audience) AS parts
      GROUP BY collection, kind, audience ORDER BY collection COLLATE "C", kind COLLATE "C", audience COLLATE "C"`,
  );
  return rows
    .map(({ collection, kind, audience, rows: count, total }) => ({
      collection,
      kind,
      audience,
      root: addRoots(emptyRoot, { rows: Number(count), sum: BigInt(total) }),
    }))
    .filter(({ root }) => root.rows !== 0 || root.sum !== 0n);
};

/** The digest of one set as of the reader's snapshot: what is folded, and what is not yet. */
export const readDigest = async (reader: Reader, domain: DigestDomain): Promise<SetDigest> => {
  const digest = (await foldedDigest(reader, domain)) ?? new SetDigest();
  const open = await rowsOf<DeltaRow>(reader, `SELECT removed, added FROM digest_delta WHERE ${isOf}`, keyOf(domain));
  for (const row of open) digest.apply(changeOf(row));
  return digest;
};

/** What is kept is no digest. It is derived from the rows and is made anew from them. */
export class UnreadableDigest extends Error {}

/** Null where there is none. */
const foldedDigest = async (reader: Reader, domain: DigestDomain): Promise<SetDigest | null> => {
  const [row] = await rowsOf<{ buckets: Buffer; sketch: Buffer }>(
    reader,
    `SELECT buckets, sketch FROM digest_state WHERE ${isOf}`,
    keyOf(domain),
  );
  if (!row) return null;
  const digest = SetDigest.fromBytes(row.buckets, row.sketch);
  if (!digest) throw new UnreadableDigest(`the digest of ${keyOf(domain).join(' ')} can't be read`);
  return digest;
};

const saveDigest = async (tx: Tx, domain: DigestDomain, digest: SetDigest): Promise<void> => {
  const { rows, sum } = digest.root;
  await tx.query(
    `INSERT INTO digest_state (collection, kind, audience, rows, root, buckets, sketch) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (collection, kind, audience) DO UPDATE SET rows = excluded.rows, root = excluded.root, buckets = excluded.buckets,
       sketch = excluded.sketch, folded_at = clock_timestamp()`,
    [
      ...keyOf(domain),
      rows,
      BigInt.asIntN(64, sum).toString(),
      Buffer.from(digest.buckets.toBytes()),
      Buffer.from(digest.sketch.toBytes()),
    ],
  );
};

/** Folds open changes into what is kept. Any number of processes may: a change is taken out by one of them. Returns how many. */
export const foldDigests = async (dataSource: DataSource): Promise<number> => {
  const domains = await rowsOf<DigestDomain>(dataSource, 'SELECT DISTINCT collection, kind, audience FROM digest_delta');
  let folded = 0;
  for (const domain of domains) {
    try {
      folded += await inTransaction(dataSource, async (tx) => fold(tx, domain));
    } catch (error) {
      if (!(error instanceof UnreadableDigest)) throw error;
      await rebuildDigests(dataSource, domain);
    }
  }
  return folded;
};

/**
 * One at a time changes what is kept; who reads or writes documents waits for nobody. A lock of the table and not an advisory one,
 * since only that is taken before the transaction's view is fixed: what the one before did is seen.
 */
const lockKept = async (tx: Tx): Promise<void> => {
  await tx.query('LOCK TABLE digest_state IN SHARE ROW EXCLUSIVE MODE');
};

const fold = async (tx: Tx, domain: DigestDomain): Promise<number> => {
  await lockKept(tx);
  const digest = (await foldedDigest(tx, domain)) ?? new SetDigest();
  const taken = await rowsOf<DeltaRow>(
    tx,
    `DELETE FROM digest_delta WHERE ctid IN (SELECT ctid FROM digest_delta WHERE ${isOf} LIMIT $4)
     RETURNING removed, added`,
    [...keyOf(domain), foldedAtOnceMax],
  );
  if (taken.length === 0) return 0;
  for (const row of taken) digest.apply(changeOf(row));
  await saveDigest(tx, domain, digest);
  return taken.length;
};

/**
 * Makes the digests of a collection and kind anew from the digests of the rows. Writers go on meanwhile: what they commit later stays
 * an open change.
 */
export const rebuildDigests = async (dataSource: DataSource, of: Pick<DigestDomain, 'collection' | 'kind'>): Promise<void> =>
  await dataSource.transaction('REPEATABLE READ', async (tx) => {
    await lockKept(tx);
    const digests = new Map<string, SetDigest>();
    for (let from = 0; from < bucketCount; from += rebuiltAtOnceBuckets) {
      const rows = await rowsOf<{ element: string; audience: string }>(
        tx,
        `SELECT document_element(d.tenant, d.id, d.digest)::text AS element,
                ${audienceOf('t')} AS audience
           FROM document d LEFT JOIN tenant t ON t.id = d.tenant
          WHERE d.collection = $1 AND d.kind = $2 AND document_bucket(d.tenant, d.id) BETWEEN $3 AND $4`,
        [of.collection, of.kind, from, from + rebuiltAtOnceBuckets - 1],
      );
      for (const { element, audience } of rows) {
        const digest = digests.get(audience) ?? new SetDigest();
        digests.set(audience, digest);
        digest.apply({ removed: null, added: elementOfInt8(element) });
      }
    }
    await tx.query('DELETE FROM digest_delta WHERE collection = $1 AND kind = $2', [of.collection, of.kind]);
    await tx.query('DELETE FROM digest_state WHERE collection = $1 AND kind = $2', [of.collection, of.kind]);
    for (const [audience, digest] of digests) await saveDigest(tx, { ...of, audience }, digest);
  });
