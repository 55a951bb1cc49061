import type { PolicyKind } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { digestOfState } from '@lapidary/replication/collections/document-state';
import { stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { BucketTable, sameRoot } from '@lapidary/replication/digest/bucket-table';
import { elementOf } from '@lapidary/replication/digest/element';
import { audienceOf, readDigest, UnreadableDigest } from './digest-rows.js';

/** A document that is not what its digest says. */
export interface CorruptRow {
  readonly tenant: string;
  readonly id: string;
  readonly kept: string;
  /** Digest of what is really there, or "unreadable". */
  readonly found: string;
}

export interface Slice {
  readonly collection: string;
  readonly kind: PolicyKind;
  /** Buckets, both included. */
  readonly from: number;
  readonly to: number;
}

export interface ScrubbedSlice {
  readonly rows: number;
  readonly corrupt: readonly CorruptRow[];
  /** Kept sums of these buckets are not those of the rows: upkeep was passed by. */
  readonly isDigestWrong: boolean;
}

interface Row extends KeptState {
  readonly tenant: string;
  readonly id: string;
  readonly digest: string;
  readonly automerge: Buffer | null;
  readonly audience: string;
}

/**
 * Looks at every document of some buckets as it really is: what was kept while it was written can't tell that it has changed since.
 * In a view of its own (repeatable read), so that rows and sums are of one moment.
 */
export const scrubSlice = async (tx: Reader, slice: Slice, nested: NestedDocuments): Promise<ScrubbedSlice> => {
  const rows = await rowsOf<Row>(
    tx,
    `SELECT d.tenant, d.id, d.digest, d.state, d.packed, d.automerge,
            ${audienceOf('t')} AS audience
       FROM document d LEFT JOIN tenant t ON t.id = d.tenant
      WHERE d.collection = $1 AND d.kind = $2 AND document_bucket(d.tenant, d.id) BETWEEN $3 AND $4`,
    [slice.collection, slice.kind, slice.from, slice.to],
  );
  const corrupt: CorruptRow[] = [];
  const tables = new Map<string, BucketTable>();
  for (const row of rows) {
    const found = await foundDigest(row, nested);
    if (found !== row.digest) corrupt.push({ tenant: row.tenant, id: row.id, kept: row.digest, found });
    const table = tables.get(row.audience) ?? new BucketTable();
    tables.set(row.audience, table);
    table.add(elementOf(row.tenant, row.id, row.digest));
  }
  return { rows: rows.length, corrupt, isDigestWrong: await isDigestWrong(tx, slice, tables).catch(isUnreadable) };
};

/** What is kept is no digest at all, which is wrong, too. */
const isUnreadable = (error: unknown): true => {
  if (error instanceof UnreadableDigest) return true;
  throw error;
};

const foundDigest = async ({ tenant, id, automerge, ...kept }: Row, nested: NestedDocuments): Promise<string> => {
  try {
    const state = stateOfKept(kept);
    if (state.kind !== 'document' || automerge === null) return digestOfState(state);
    // A name of its own: what is kept open under the document's is not what is stored.
    const { heads } = await nested.take(`scrub ${tenant}/${id}`, new Uint8Array(automerge), []);
    return digestOf({ alive: state.alive, heads });
  } catch {
    return 'unreadable';
  }
};

const isDigestWrong = async (tx: Reader, slice: Slice, tables: ReadonlyMap<string, BucketTable>): Promise<boolean> => {
  const { collection, kind, from, to } = slice;
  const kept = await rowsOf<{ audience: string }>(
    tx,
    `SELECT audience FROM digest_state WHERE collection = $1 AND kind = $2 UNION SELECT audience FROM digest_delta WHERE collection = $1 AND kind = $2`,
    [collection, kind],
  );
  for (const audience of new Set([...tables.keys(), ...kept.map((k) => k.audience)])) {
    const { buckets } = await readDigest(tx, { collection, kind, audience });
    const real = tables.get(audience) ?? new BucketTable();
    for (let bucket = from; bucket <= to; bucket++) if (!sameRoot(buckets.bucket(bucket), real.bucket(bucket))) return true;
  }
  return false;
};
