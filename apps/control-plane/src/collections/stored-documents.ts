import { plainArray, textArray } from '@lapidary/db/array-text';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import {
  keyText,
  subjectOf,
  type ChangeNote,
  type DocumentFacts,
  type DocumentKey,
  type StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import { keptOf, stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { holdResidencies } from '../residency/holding.js';

/** Watchers listen here; the payload is the collection. */
export const changeChannel = 'lapidary_change';

interface Row extends Omit<DocumentKey, 'kind'>, KeptState {
  readonly kind: DocumentKey['kind'];
  readonly automerge: Buffer | null;
  readonly told_in_part: number;
}

/** JSON has no control characters: states go over as one text, and neither side escapes every quotation mark of an array's elements. */
const separator = '\x1e';

export interface WrittenDocument {
  readonly key: DocumentKey;
  readonly stored: StoredDocument;
  readonly facts: DocumentFacts;
  /** The last change among these that this region made itself; null leaves what is there. */
  readonly ownEvent: string | null;
}

export type NotedChange = ChangeNote & DocumentKey;

/**
 * Documents by keyText, held until the end of the transaction, also those that are not there yet: a row that isn't there can't be
 * locked, and two writers who both find none would overwrite each other. In the order of their names, whoever asks, so that nobody
 * waits in a circle.
 */
export const lockStored = async (tx: Tx, keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, StoredDocument>> => {
  const named = await lockNames(tx, keys);
  const rows = await rowsOf<Row>(
    tx,
    // One by one by their names, whatever the planner believes of the table: joined, it read all of a collection of thousands.
    `SELECT d.* FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(collection, kind, tenant, id) CROSS JOIN LATERAL (
       SELECT collection, kind, tenant, id, state, packed, automerge, told_in_part FROM document
        WHERE collection = k.collection AND kind = k.kind AND tenant = k.tenant AND id = k.id FOR UPDATE) AS d`,
    keyColumns(named),
  );
  return new Map(rows.map((row) => [keyText(row), storedOf(row)]));
};

/** In the order in which they are locked. */
const lockNames = async (tx: Tx, keys: readonly DocumentKey[]): Promise<DocumentKey[]> => {
  const named = keys.map((key) => ({ key, name: keyText(key) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM (SELECT unnest($1::text[]) AS name) AS names', [
    textArray(named.map(({ name }) => name)),
  ]);
  return named.map(({ key }) => key);
};

/** As lockStored, of those that may be stored here: the residencies of their tenants (I3) are held until the transaction ends, too. */
export const lockStoredHere = async (tx: Tx, keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, StoredDocument>> =>
  await lockStored(tx, await keysHere(tx, keys));

/** Holds these documents and the residencies of their tenants (I3) until the transaction ends; those of them that may be stored here. Reads none of them. */
export const lockHere = async (tx: Tx, keys: readonly DocumentKey[]): Promise<DocumentKey[]> => {
  const here = await keysHere(tx, keys);
  await lockNames(tx, here);
  return here;
};

const keysHere = async (tx: Tx, keys: readonly DocumentKey[]): Promise<DocumentKey[]> => {
  const elsewhere = await holdResidencies(
    tx,
    keys.map(({ tenant }) => tenant),
  );
  return keys.filter(({ tenant }) => !elsewhere.has(tenant));
};

/** Documents as they are now, changes, of these and of what was removed after them, and word to watchers: in one statement. */
export const writeStored = async (tx: Tx, documents: readonly WrittenDocument[], changes: readonly NotedChange[]): Promise<void> => {
  if (changes.length === 0) return;
  const kept = documents.map(({ stored }) => keptOf(stored.state));
  await tx.query(
    `WITH stored AS (
       INSERT INTO document AS d (collection, kind, tenant, id, state, packed, automerge, told_in_part, exists, digest, bytes, conflicts, latest, own_event, removed_due)
       SELECT collection, kind, tenant, id, state::jsonb, packed, automerge, told_in_part, exists, digest, bytes, conflicts, latest, own_event, removed_due
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], string_to_array($5, E'\\x1e', ''), string_to_array($23, E'\\x1e', ''), $6::bytea[], $7::int[], $8::bool[],
                     $9::text[], $10::int[], $11::int[], $12::text[], $13::text[], $24::bool[])
           AS t(collection, kind, tenant, id, state, packed, automerge, told_in_part, exists, digest, bytes, conflicts, latest, own_event, removed_due)
       ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET state = excluded.state, packed = excluded.packed, automerge = excluded.automerge,
         told_in_part = excluded.told_in_part, exists = excluded.exists, digest = excluded.digest, bytes = excluded.bytes,
         conflicts = excluded.conflicts, latest = excluded.latest, own_event = coalesce(excluded.own_event, d.own_event),
         removed_due = excluded.removed_due,
         updated_at = clock_timestamp()),
     noted AS (
       INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id)
       SELECT * FROM unnest($14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[]))
     SELECT pg_notify('${changeChannel}', collection) FROM (SELECT DISTINCT unnest($14::text[]) AS collection) AS changed`,
    [
      ...keyColumns(documents.map(({ key }) => key)),
      kept.map(({ text, isPacked }) => (isPacked ? '' : text)).join(separator),
      documents.map(({ stored }) => (stored.bytes === null ? null : Buffer.from(stored.bytes))),
      plainArray(documents.map(({ stored }) => stored.toldInPart)),
      plainArray(documents.map(({ facts }) => facts.exists)),
      textArray(documents.map(({ facts }) => facts.digest)),
      plainArray(documents.map(({ facts }) => facts.bytes)),
      plainArray(documents.map(({ facts }) => facts.conflicts)),
      textArray(documents.map(({ facts }) => facts.latest)),
      textArray(documents.map(({ ownEvent }) => ownEvent)),
      ...keyColumns(changes),
      textArray(changes.map(({ event }) => event)),
      textArray(changes.map(({ origin }) => origin)),
      textArray(changes.map(({ at }) => at)),
      textArray(changes.map(({ actor }) => actor)),
      textArray(changes.map(({ requestId }) => requestId)),
      kept.map(({ text, isPacked }) => (isPacked ? text : '')).join(separator),
      plainArray(documents.map(({ facts }) => facts.removedDue)),
    ],
  );
};

export const removeStored = async (tx: Tx, keys: readonly DocumentKey[]): Promise<void> => {
  if (keys.length === 0) return;
  await tx.query(
    `DELETE FROM document WHERE (collection, kind, tenant, id) IN (
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]))`,
    keyColumns(keys),
  );
};

/** Keys as four arrays, for unnest; each is cast to text[]. */
export const keyColumns = (keys: readonly DocumentKey[]): string[] => [
  textArray(keys.map(({ collection }) => collection)),
  textArray(keys.map(({ kind }) => kind)),
  textArray(keys.map(({ tenant }) => tenant)),
  textArray(keys.map(({ id }) => id)),
];

const storedOf = (row: Row): StoredDocument => ({
  state: readKept(row),
  bytes: row.automerge === null ? null : new Uint8Array(row.automerge),
  toldInPart: row.told_in_part,
});

/** Of what can't be read, changes wait in the dead letters, and everything else flows, until it is repaired (repair-row.ts). */
const readKept = (row: Row): DocumentState => {
  try {
    return stateOfKept(row);
  } catch (error) {
    throw new AppError('poison_event', `What is kept of ${subjectOf(row)} can’t be read`, { cause: error });
  }
};
