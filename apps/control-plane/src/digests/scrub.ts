import type { PolicyKind } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader } from '@lapidary/db/transaction';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { bucketCount } from '@lapidary/replication/digest/element';
import type { DataSource } from 'typeorm';
import { rebuildDigests } from './digest-rows.js';
import { scrubSlice, type CorruptRow, type ScrubbedSlice, type Slice } from './scrub-slice.js';

/** Documents of one slice: some 100 ms of work, in which nothing else waits. */
const sliceRows = 2_000;
/** A collection that was looked through is left alone for as long as this, however small it is. */
const restSeconds = 60;
/** Stands for the digest itself among the corrupt: no document can have this id. */
export const digestItself = '$digest';

interface Next {
  readonly collection: string;
  readonly kind: PolicyKind;
  readonly next_bucket: number | null;
  readonly rows: string;
}

/** The slice that is due: of the collection whose last pass is the oldest. Null: all were looked through lately. */
export const dueSlice = async (reader: Reader): Promise<Slice | null> => {
  const [next] = await rowsOf<Next>(
    reader,
    `SELECT d.collection, d.kind, s.next_bucket, sum(d.rows)::text AS rows FROM digest_state d
       LEFT JOIN digest_scrub s ON s.collection = d.collection AND s.kind = d.kind
      WHERE s.next_bucket > 0 OR s.passed_at IS NULL OR s.passed_at < now() - make_interval(secs => $1)
      GROUP BY d.collection, d.kind, s.next_bucket, s.passed_at ORDER BY s.next_bucket > 0 DESC NULLS LAST, s.passed_at NULLS FIRST LIMIT 1`,
    [restSeconds],
  );
  if (!next) return null;
  const from = next.next_bucket ?? 0;
  const width = Math.max(1, Math.floor((sliceRows * bucketCount) / Math.max(1, Number(next.rows))));
  return { collection: next.collection, kind: next.kind, from, to: Math.min(bucketCount, from + width) - 1 };
};

/** Looks through the slice that is due, and notes what it found. Null: none was due. */
export const scrubOnce = async (dataSource: DataSource, nested: NestedDocuments): Promise<ScrubbedSlice | null> => {
  const slice = await dueSlice(dataSource);
  if (!slice) return null;
  const scrubbed = await dataSource.transaction('REPEATABLE READ', async (tx) => scrubSlice(tx, slice, nested));
  if (scrubbed.isDigestWrong) await rebuildDigests(dataSource, slice);
  await note(dataSource, slice, scrubbed);
  return scrubbed;
};

const note = async (dataSource: DataSource, slice: Slice, { corrupt, isDigestWrong }: ScrubbedSlice): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    const { collection, kind, from, to } = slice;
    const ofDigest: CorruptRow[] = isDigestWrong ? [{ tenant: '', id: digestItself, kept: 'as the rows are', found: 'made anew' }] : [];
    const all = [...corrupt, ...ofDigest];
    await tx.query(
      `DELETE FROM corrupt_document c WHERE collection = $1 AND kind = $2
          AND (document_bucket(tenant, id) BETWEEN $3 AND $4 OR id = $5 AND $3 = 0)
          AND NOT EXISTS (SELECT 1 FROM unnest($6::text[], $7::text[]) AS f(tenant, id) WHERE f.tenant = c.tenant AND f.id = c.id)`,
      [collection, kind, from, to, digestItself, all.map((c) => c.tenant), all.map((c) => c.id)],
    );
    await tx.query(
      `INSERT INTO corrupt_document (collection, kind, tenant, id, kept, found)
       SELECT $1, $2, f.tenant, f.id, f.kept, f.found FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS f(tenant, id, kept, found)
       ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET kept = excluded.kept, found = excluded.found`,
      [collection, kind, all.map((c) => c.tenant), all.map((c) => c.id), all.map((c) => c.kept), all.map((c) => c.found)],
    );
    const isEnd = to >= bucketCount - 1;
    await tx.query(
      `INSERT INTO digest_scrub (collection, kind, next_bucket, passed_at) VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END)
       ON CONFLICT (collection, kind) DO UPDATE SET next_bucket = excluded.next_bucket,
         passed_at = coalesce(excluded.passed_at, digest_scrub.passed_at)`,
      [collection, kind, isEnd ? 0 : to + 1, isEnd],
    );
  });

export interface Scrubbed {
  /** Collections that were looked through from end to end at least once. */
  readonly collections: readonly string[];
  readonly corrupt: readonly (CorruptRow & { readonly collection: string; readonly kind: PolicyKind })[];
}

/** What the scrub has found, and not found in order since. */
export const readScrubbed = async (reader: Reader): Promise<Scrubbed> => {
  const passed = await rowsOf<{ collection: string }>(
    reader,
    `SELECT collection FROM digest_scrub GROUP BY collection HAVING bool_and(passed_at IS NOT NULL) ORDER BY collection`,
  );
  const corrupt = await rowsOf<CorruptRow & { collection: string; kind: PolicyKind }>(
    reader,
    'SELECT collection, kind, tenant, id, kept, found FROM corrupt_document ORDER BY collection, kind, tenant, id',
  );
  return { collections: passed.map((p) => p.collection), corrupt };
};
