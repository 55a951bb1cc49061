import type { DigestRow, RowKey } from '@lapidary/contracts/digest-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { bucketOfElement, elementOfInt8, int8OfElement, type Element } from '@lapidary/replication/digest/element';
import type { DigestDomain } from './digest-rows.js';

const keyOf = ({ collection, kind, audience }: DigestDomain): string[] => [collection, kind, audience];

/** Which rows these elements are; those of rows that have changed meanwhile are not found, and need not be. */
export const rowsOfElements = async (reader: Reader, domain: DigestDomain, elements: readonly Element[]): Promise<RowKey[]> =>
  elements.length === 0
    ? []
    : await rowsOf<RowKey>(
        reader,
        `SELECT tenant, id FROM document WHERE collection = $1 AND kind = $2 AND document_audience(tenant) = $3
            AND document_bucket(tenant, id) = ANY ($4::int[]) AND document_element(tenant, id, digest) = ANY ($5::bigint[])`,
        [...keyOf(domain), [...new Set(elements.map(bucketOfElement))], elements.map(int8OfElement)],
      );

export const elementsInBuckets = async (reader: Reader, domain: DigestDomain, buckets: readonly number[]): Promise<Element[]> =>
  (
    await rowsOf<{ element: string }>(
      reader,
      `SELECT document_element(tenant, id, digest)::text AS element FROM document
        WHERE collection = $1 AND kind = $2 AND document_audience(tenant) = $3 AND document_bucket(tenant, id) = ANY ($4::int[])`,
      [...keyOf(domain), buckets],
    )
  ).map(({ element }) => elementOfInt8(element));

interface Row extends KeptState {
  readonly tenant: string;
  readonly id: string;
  readonly digest: string | null;
  readonly held: boolean;
  readonly automerge: Buffer | null;
}

/** Rows by name, with or without what they hold; in the order of the keys, also those that are not there. */
export const readRows = async (
  reader: Reader,
  domain: DigestDomain,
  keys: readonly RowKey[],
  { states }: { readonly states: boolean },
): Promise<DigestRow[]> => {
  const rows = await rowsOf<Row>(
    reader,
    `SELECT k.tenant, k.id, d.digest, ${states ? 'd.state, d.packed, d.automerge' : 'NULL AS state, NULL AS packed, NULL AS automerge'},
            document_audience(k.tenant) <> $3
            OR EXISTS (SELECT 1 FROM withheld_change w WHERE w.tenant = k.tenant)
            OR EXISTS (SELECT 1 FROM document_removal m WHERE m.tenant = k.tenant AND m.state <> 'removed')
            OR EXISTS (SELECT 1 FROM held_change h WHERE h.event->'data'->>'collection' = $1 AND h.event->'data'->>'kind' = $2
                          AND h.event->'data'->>'tenant' = k.tenant AND h.event->'data'->>'id' = k.id) AS held
       FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS k(tenant, id, n)
       LEFT JOIN document d ON d.collection = $1 AND d.kind = $2 AND d.tenant = k.tenant AND d.id = k.id
        AND document_audience(k.tenant) = $3 ORDER BY k.n`,
    [...keyOf(domain), keys.map((k) => k.tenant), keys.map((k) => k.id)],
  );
  return rows.map(({ tenant, id, digest, held, automerge, ...kept }) => ({
    tenant,
    id,
    digest,
    held,
    ...(states ? { state: readable(kept), automerge: automerge?.toString('base64') ?? null } : {}),
  }));
};

/** What can't be read any more is told as nothing, which whoever asked refuses; the scrub here tells of it. */
const readable = (kept: KeptState): unknown => {
  try {
    return stateOfKept(kept);
  } catch {
    return null;
  }
};
