import type { PolicyKind } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader } from '@lapidary/db/transaction';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { toAppError } from '@lapidary/kernel/app-error';
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

/**
 * The slice that is due: of the collection whose last pass is the oldest. One that can't be looked through takes nobody's turn. What was found
 * corrupt is looked at again although nothing is left of its collection. Null: all were looked through lately.
 */
export const dueSlice = async (reader: Reader): Promise<Slice | null> => {
  const [next] = await rowsOf<Next>(
    reader,
    `SELECT d.collection, d.kind, s.next_bucket, sum(d.rows)::text AS rows
       FROM (SELECT collection, kind, rows FROM digest_state UNION ALL SELECT DISTINCT collection, kind, 0 FROM corrupt_document) AS d
       LEFT JOIN digest_scrub s ON s.collection = d.collection AND s.kind = d.kind
       CROSS JOIN LATERAL (SELECT s.failed IS NULL AND s.next_bucket > 0 AS begun, CASE WHEN s.failed IS NULL THEN s.passed_at ELSE s.noted_at END AS at) AS last
      WHERE last.begun OR last.at IS NULL OR last.at < now() - make_interval(secs => $1)
      GROUP BY d.collection, d.kind, s.next_bucket, last.begun, last.at ORDER BY last.begun DESC NULLS LAST, last.at NULLS FIRST LIMIT 1`,
    [restSeconds],
  );
  if (!next) return null;
  const from = next.next_bucket ?? 0;
  const width = Math.max(1, Math.floor((sliceRows * bucketCount) / Math.max(1, Number(next.rows))));
  return { collection: next.collection, kind: next.kind, from, to: Math.min(bucketCount, from + width) - 1 };
};

/** Documents of which no digest is kept at all: nothing would ever look for them by their digests. */
const undigested = async (reader: Reader): Promise<Slice | null> => {
  const [lost] = await rowsOf<Pick<Slice, 'collection' | 'kind'>>(
    reader,
    `WITH RECURSIVE held (collection, kind) AS (
       (SELECT collection, kind FROM document ORDER BY collection, kind LIMIT 1)
       UNION ALL
       SELECT next.collection, next.kind FROM held CROSS JOIN LATERAL (
         SELECT d.collection, d.kind FROM document d WHERE (d.collection, d.kind) > (held.collection, held.kind) ORDER BY d.collection, d.kind LIMIT 1) AS next)
     SELECT collection, kind FROM held
      WHERE NOT EXISTS (SELECT 1 FROM digest_state s WHERE s.collection = held.collection AND s.kind = held.kind)
        AND NOT EXISTS (SELECT 1 FROM digest_delta s WHERE s.collection = held.collection AND s.kind = held.kind) LIMIT 1`,
  );
  return lost ? { ...lost, from: 0, to: -1 } : null;
};

/**
 * Looks through the slice that is due, and notes what it found. Null: none was due. What can't be looked through is noted, and told by the sensor
 * of the next run; what goes wrong otherwise is thrown.
 */
export const scrubOnce = async (dataSource: DataSource, nested: NestedDocuments): Promise<ScrubbedSlice | null> => {
  const lost = await undigested(dataSource);
  const slice = lost ?? (await dueSlice(dataSource));
  if (!slice) return null;
  try {
    const scrubbed = lost
      ? { rows: 0, corrupt: [], isDigestWrong: true }
      : await dataSource.transaction('REPEATABLE READ', async (tx) => scrubSlice(tx, slice, nested));
    if (scrubbed.isDigestWrong) await rebuildDigests(dataSource, slice);
    await note(dataSource, slice, scrubbed);
    return scrubbed;
  } catch (error) {
    await noteFailure(dataSource, slice, error);
    throw error;
  }
};

const noteFailure = async (reader: Reader, { collection, kind, from }: Slice, error: unknown): Promise<void> => {
  await reader.query(
    `INSERT INTO digest_scrub (collection, kind, next_bucket, failed) VALUES ($1, $2, $3, $4)
     ON CONFLICT (collection, kind) DO UPDATE SET failed = excluded.failed, noted_at = now()`,
    [collection, kind, from, toAppError(error).message],
  );
};

/** A digest is made anew at once, and runs come by minutes later: it is kept until one of them has told of it. */
const isTold = `(c.found_at < now() - interval '2 days' OR EXISTS (
  SELECT 1 FROM drift_finding f WHERE f.kind = 'scrub' AND f.subject = 'collection/' || c.collection AND f.path = c.kind || ' digest' AND f.last_seen >= c.found_at))`;

const note = async (dataSource: DataSource, slice: Slice, { corrupt, isDigestWrong }: ScrubbedSlice): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    const { collection, kind, from, to } = slice;
    const ofDigest: CorruptRow[] = isDigestWrong ? [{ tenant: '', id: digestItself, kept: 'as the rows are', found: 'made anew' }] : [];
    const all = [...corrupt, ...ofDigest];
    await tx.query(
      `DELETE FROM corrupt_document c WHERE collection = $1 AND kind = $2
          AND CASE WHEN id = $5 THEN $3 = 0 AND ${isTold} ELSE document_bucket(tenant, id) BETWEEN $3 AND $4 END
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
       ON CONFLICT (collection, kind) DO UPDATE SET next_bucket = excluded.next_bucket, failed = NULL, noted_at = now(),
         passed_at = coalesce(excluded.passed_at, digest_scrub.passed_at)`,
      [collection, kind, isEnd ? 0 : to + 1, isEnd],
    );
  });

export interface Scrubbed {
  /** Collections that were looked through from end to end at least once, and can be. */
  readonly collections: readonly string[];
  /** Collections of which a slice could not be looked through, with why. */
  readonly failed: readonly { readonly collection: string; readonly why: string }[];
  /** Nothing was looked through since, though it is always some collection's turn; null: it goes on. */
  readonly stalledSince: Date | null;
  readonly corrupt: readonly (CorruptRow & { readonly collection: string; readonly kind: PolicyKind })[];
}

export interface ScrubPace {
  readonly rowsPerSecond: number;
  /** Nobody is blamed for what was not done before. */
  readonly upSince: Date;
}

/** Every collection is due again within minutes of its last pass, and the pause after a slice is as long as its rows ask for. */
const stalledAfterMs = ({ rowsPerSecond }: ScrubPace): number => 600_000 + (3 * sliceRows * 1_000) / rowsPerSecond;

/** What the scrub has found, and not found in order since; and whether it goes on. */
export const readScrubbed = async (reader: Reader, pace: ScrubPace): Promise<Scrubbed> => {
  const passed = await rowsOf<{ collection: string }>(
    reader,
    `SELECT collection FROM digest_scrub GROUP BY collection HAVING bool_and(passed_at IS NOT NULL AND failed IS NULL) ORDER BY collection`,
  );
  const failed = await rowsOf<{ collection: string; why: string }>(
    reader,
    'SELECT collection, min(failed) AS why FROM digest_scrub WHERE failed IS NOT NULL GROUP BY collection ORDER BY collection',
  );
  const [last] = await rowsOf<{ at: Date | null }>(
    reader,
    'SELECT coalesce((SELECT max(noted_at) FROM digest_scrub), min(folded_at)) AS at FROM digest_state',
  );
  const corrupt = await rowsOf<CorruptRow & { collection: string; kind: PolicyKind }>(
    reader,
    'SELECT collection, kind, tenant, id, kept, found FROM corrupt_document ORDER BY collection, kind, tenant, id',
  );
  const sinceMs = Math.max(last?.at?.getTime() ?? Date.now(), pace.upSince.getTime());
  return {
    ...{ collections: passed.map((p) => p.collection), failed, corrupt },
    stalledSince: Date.now() - sinceMs > stalledAfterMs(pace) ? new Date(sinceMs) : null,
  };
};
