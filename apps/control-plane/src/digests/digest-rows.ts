import type { PolicyKind } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import { addRoots, emptyRoot, type Root } from '@lapidary/replication/digest/bucket-table';
import { bucketCount, elementOfInt8, type Element } from '@lapidary/replication/digest/element';
import { SetDigest, type ElementChange } from '@lapidary/replication/digest/set-digest';
import type { DataSource } from 'typeorm';

/** Which documents a digest is of: a kind is part of a document's key, so each has a digest of its own. */
export interface DigestDomain {
  readonly collection: string;
  readonly kind: PolicyKind;
}

interface DeltaRow {
  readonly removed: string | null;
  readonly added: string | null;
}

/** One transaction's worth: some 100 ms of work while nobody waits for it. */
const foldedAtOnceMax = 20_000;
/** Pages of a rebuild, in buckets: of a million rows some 60,000. */
const rebuiltAtOnceBuckets = 256;

const elementAt = (text: string | null): Element | null => (text === null ? null : elementOfInt8(text));
const changeOf = ({ removed, added }: DeltaRow): ElementChange => ({ removed: elementAt(removed), added: elementAt(added) });

/** Root of each set that is not empty, as of the reader's snapshot. Costs as much as there are sets and open changes, however many rows. */
export const readRoots = async (reader: Reader): Promise<(DigestDomain & { readonly root: Root })[]> => {
  const rows = await rowsOf<DigestDomain & { rows: string; total: string }>(
    reader,
    `SELECT collection, kind, sum(rows)::text AS rows, sum(total)::text AS total FROM (
       SELECT collection, kind, rows, root::numeric AS total FROM digest_state
       UNION ALL
       SELECT collection, kind, count(added) - count(removed), coalesce(sum(added), 0) - coalesce(sum(removed), 0)
         FROM digest_delta GROUP BY collection, kind) AS parts
      GROUP BY collection, kind ORDER BY collection COLLATE "C", kind COLLATE "C"`,
  );
  return rows
    .map(({ collection, kind, rows: count, total }) => ({
      collection,
      kind,
      root: addRoots(emptyRoot, { rows: Number(count), sum: BigInt(total) }),
    }))
    .filter(({ root }) => root.rows !== 0 || root.sum !== 0n);
};

/** The digest of one set as of the reader's snapshot: what is folded, and what is not yet. */
export const readDigest = async (reader: Reader, domain: DigestDomain): Promise<SetDigest> => {
  const digest = (await foldedDigest(reader, domain)) ?? new SetDigest();
  const open = await rowsOf<DeltaRow>(reader, 'SELECT removed, added FROM digest_delta WHERE collection = $1 AND kind = $2', [
    domain.collection,
    domain.kind,
  ]);
  for (const row of open) digest.apply(changeOf(row));
  return digest;
};

/** Null where there is none, or none that can be read: the scrub finds that and makes it anew. */
const foldedDigest = async (reader: Reader, { collection, kind }: DigestDomain): Promise<SetDigest | null> => {
  const [row] = await rowsOf<{ buckets: Buffer; sketch: Buffer }>(
    reader,
    'SELECT buckets, sketch FROM digest_state WHERE collection = $1 AND kind = $2',
    [collection, kind],
  );
  return row ? SetDigest.fromBytes(row.buckets, row.sketch) : null;
};

const saveDigest = async (tx: Tx, { collection, kind }: DigestDomain, digest: SetDigest): Promise<void> => {
  const { rows, sum } = digest.root;
  await tx.query(
    `INSERT INTO digest_state (collection, kind, rows, root, buckets, sketch) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (collection, kind) DO UPDATE SET rows = excluded.rows, root = excluded.root, buckets = excluded.buckets,
       sketch = excluded.sketch, folded_at = clock_timestamp()`,
    [
      collection,
      kind,
      rows,
      BigInt.asIntN(64, sum).toString(),
      Buffer.from(digest.buckets.toBytes()),
      Buffer.from(digest.sketch.toBytes()),
    ],
  );
};

/** Folds open changes into what is kept. Any number of processes may: a change is taken out by one of them. Returns how many. */
export const foldDigests = async (dataSource: DataSource): Promise<number> => {
  const domains = await rowsOf<DigestDomain>(dataSource, 'SELECT DISTINCT collection, kind FROM digest_delta');
  let folded = 0;
  for (const domain of domains) folded += await inTransaction(dataSource, async (tx) => fold(tx, domain));
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
    `DELETE FROM digest_delta WHERE ctid IN (SELECT ctid FROM digest_delta WHERE collection = $1 AND kind = $2 LIMIT $3)
     RETURNING removed, added`,
    [domain.collection, domain.kind, foldedAtOnceMax],
  );
  if (taken.length === 0) return 0;
  for (const row of taken) digest.apply(changeOf(row));
  await saveDigest(tx, domain, digest);
  return taken.length;
};

/** Makes a digest anew from the digests of the rows. Writers go on meanwhile: what they commit later stays an open change. */
export const rebuildDigest = async (dataSource: DataSource, domain: DigestDomain): Promise<void> =>
  await dataSource.transaction('REPEATABLE READ', async (tx) => {
    await lockKept(tx);
    const digest = new SetDigest();
    for (let from = 0; from < bucketCount; from += rebuiltAtOnceBuckets) {
      const rows = await rowsOf<{ element: string }>(
        tx,
        `SELECT document_element(tenant, id, digest)::text AS element FROM document
          WHERE collection = $1 AND kind = $2 AND document_bucket(tenant, id) BETWEEN $3 AND $4`,
        [domain.collection, domain.kind, from, from + rebuiltAtOnceBuckets - 1],
      );
      for (const { element } of rows) digest.apply({ removed: null, added: elementOfInt8(element) });
    }
    await tx.query('DELETE FROM digest_delta WHERE collection = $1 AND kind = $2', [domain.collection, domain.kind]);
    await saveDigest(tx, domain, digest);
  });
