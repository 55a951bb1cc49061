import type { DocumentView } from '@lapidary/contracts/api/collections';
import { digestOf, missing, settle, type Seen } from './agreement.js';
import { Acknowledged, type CollectionName } from './writers.js';

/** What is looked for is found where it is planted: else three equal regions would prove nothing. */
const document = (collection: CollectionName, id: string, value: unknown): DocumentView => ({
  collection,
  tenant: '',
  id,
  value,
  conflicts: 0,
  etag: JSON.stringify(value),
  updatedAt: '2000-01-01T00:00:00.000Z',
});
const world = (over: Partial<Record<CollectionName, unknown>> = {}): Seen => {
  const values = { attributes: { f: 'us-2' }, stock: 4, orders: { from: 'eu' }, profiles: { notes: ['b', 'a'] }, ...over };
  return new Map(Object.entries(values).map(([name, value]) => [name as CollectionName, [document(name as CollectionName, 'x', value)]]));
};
const acknowledged = (): Acknowledged => {
  const done = new Acknowledged();
  done.lastOf.set('x f', new Map([['eu', 'eu-1']]));
  done.lastOf.get('x f')!.set('us', 'us-2');
  done.stock.set('x', 4);
  done.orders.set('x', { from: 'eu' });
  done.notes.set('x', new Set(['a', 'b']));
  return done;
};

test('a world in which everything is there is right', () => expect(missing(world(), acknowledged())).toEqual([]));

test.each<[string, Partial<Record<CollectionName, unknown>>]>([
  ['an order with another body', { orders: { from: 'us' } }],
  ['stock that was sold twice', { stock: 3 }],
  ['a note that is gone', { profiles: { notes: ['a'] } }],
  ['a note that is there twice', { profiles: { notes: ['a', 'b', 'b'] } }],
  ['a note that nobody wrote', { profiles: { notes: ['a', 'b', 'c'] } }],
  ['a field with an older value of the same region', { attributes: { f: 'us-1' } }],
])('%s is found', (_, over) => expect(missing(world(over), acknowledged())).toHaveLength(1));

test('an order that is gone, and one that nobody placed, are found', () => {
  const seen = new Map(world()).set('orders', [document('orders', 'y', {})]);
  expect(missing(seen, acknowledged())).toHaveLength(2);
});

test('what was agreed on stays where nobody writes', () => {
  const done = acknowledged();
  settle(world(), done);
  expect(missing(world(), done)).toEqual([]);
  expect(missing(world({ attributes: { f: 'eu-1' } }), done)).toHaveLength(1);
});

test('a difference in value, losses or state beneath is a difference', () => {
  const [seen, other] = [world(), world({ stock: 5 })];
  expect(digestOf(seen)).not.toBe(digestOf(other));
  const lossy = new Map(seen).set('orders', [{ ...seen.get('orders')![0]!, conflicts: 1 }]);
  expect(digestOf(lossy)).not.toBe(digestOf(seen));
  expect(digestOf(world())).toBe(digestOf(seen));
});
