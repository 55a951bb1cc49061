import { createHash } from 'node:crypto';
import type { DocumentView } from '@lapidary/contracts/api/collections';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import type { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import { type Acknowledged, collectionNames, type CollectionName } from './writers.js';

/** What users of one region see. */
export type Seen = ReadonlyMap<CollectionName, readonly DocumentView[]>;

export const look = async (client: CollectionsClient): Promise<Seen> => {
  const seen = new Map<CollectionName, DocumentView[]>();
  for (const name of collectionNames) {
    const documents: DocumentView[] = [];
    for await (const document of client.list(name)) documents.push(document);
    seen.set(name, documents);
  }
  return seen;
};

/** Equal where users see the same: values, how many lost, and whether the states beneath are the same. */
export const digestOf = (seen: Seen): string => {
  const hash = createHash('sha256');
  for (const [name, documents] of seen)
    for (const { id, value, conflicts, etag } of documents) hash.update(canonicalJson([name, id, value, conflicts, etag]));
  return hash.digest('hex');
};

/** What was acknowledged and is not there, and what is there and was never acknowledged; empty: nothing was lost (I5). */
export const missing = (seen: Seen, done: Acknowledged): string[] => [
  ...wrongOrders(seen.get('orders')!, done),
  ...wrongStock(seen.get('stock')!, done),
  ...wrongNotes(seen.get('profiles')!, done),
  ...wrongAttributes(seen.get('attributes')!, done),
];

const wrongOrders = (documents: readonly DocumentView[], { orders }: Acknowledged): string[] => {
  const there = new Map(documents.map(({ id, value }) => [id, canonicalJson(value)]));
  return [
    ...[...orders].filter(([id, body]) => there.get(id) !== canonicalJson(body)).map(([id]) => `order ${id} is not what was written`),
    ...[...there.keys()].filter((id) => !orders.has(id)).map((id) => `order ${id} was never acknowledged`),
  ];
};

const wrongStock = (documents: readonly DocumentView[], { stock }: Acknowledged): string[] =>
  [...stock].flatMap(([id, expected]) => {
    const value = documents.find((document) => document.id === id)?.value;
    return value === expected && expected >= 0 ? [] : [`stock of ${id} is ${JSON.stringify(value)}, not ${expected}`];
  });

const wrongNotes = (documents: readonly DocumentView[], { notes }: Acknowledged): string[] =>
  [...notes].flatMap(([id, expected]) => {
    const value = documents.find((document) => document.id === id)?.value as { notes: string[] } | undefined;
    const there = value?.notes ?? [];
    return [
      ...[...expected].filter((note) => !there.includes(note)).map((note) => `${id} lacks ${note}`),
      ...(there.length === new Set(there).size && there.every((note) => expected.has(note)) ? [] : [`${id} has notes that nobody wrote`]),
    ];
  });

/**
 * The value of a field is the last that one of the regions wrote there: an earlier one of its own would be a lost write. Where
 * nobody wrote, it is what they had agreed on.
 */
const wrongAttributes = (documents: readonly DocumentView[], { lastOf, agreedOn }: Acknowledged): string[] => {
  const fields = fieldsOf(documents);
  const wrong = (place: string, right: boolean): string[] => (right ? [] : [`${place} is ${JSON.stringify(fields.get(place))}`]);
  return [
    ...[...lastOf].flatMap(([place, byRegion]) => wrong(place, [...byRegion.values()].includes(fields.get(place) as string))),
    ...[...agreedOn].flatMap(([place, value]) => (lastOf.has(place) ? [] : wrong(place, fields.get(place) === value))),
  ];
};

const fieldsOf = (documents: readonly DocumentView[]): ReadonlyMap<string, unknown> =>
  new Map(
    documents.flatMap(({ id, value }) => Object.entries(value as Record<string, unknown>).map(([field, of]) => [`${id} ${field}`, of])),
  );

/** From here on they are measured by what they agree on now. */
export const settle = (seen: Seen, { lastOf, agreedOn }: Acknowledged): void => {
  lastOf.clear();
  for (const [place, value] of fieldsOf(seen.get('attributes')!)) agreedOn.set(place, value);
};
