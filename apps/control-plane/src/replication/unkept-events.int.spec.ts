import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import { readEvents } from '@lapidary/replication/read-events';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { ingest } from './ingest.js';
import { adoptEpoch, readPosition } from './peer-position.js';
import { logOf, openTwoRegions, toolsOf } from './testing/two-regions.js';

let eu: CollectionRegion;
let us: CollectionRegion;
let close: () => Promise<void>;
/** 1 defines the collection; 2 and 3 are of the documents a and b. */
let log: EventEnvelope[];

beforeAll(async () => {
  const two = await openTwoRegions();
  close = two.close;
  [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
  await eu.define('settings', definitionOf({ kind: 'lww' }));
  // What somebody writes about escapes is no escape.
  await eu.write('settings', 'a', { op: 'put', value: { text: String.raw`ends with \u0000` } });
  await eu.write('settings', 'b', { op: 'put', value: { n: 1 } });
  log = await logOf(eu.region);
  await adoptEpoch(us.region.dataSource, eu.region.name, 1);
});
afterAll(async () => close());

const unknown = 'lapidary.document.changed.v9';
const definition = (siblings: unknown[], seen: object): object => ({
  type: 'lapidary.collection.defined.v1',
  subject: 'collection/empty',
  data: { collection: 'empty', definition: { siblings, seen } },
});
const defined = (): { siblings: unknown[] } => (log[0]!.data as { definition: { siblings: unknown[] } }).definition;

/** What makes the first of the two documents' changes wrong. */
it.each<[string, () => object]>([
  ['a type that nobody knows, with a text that looks like an escape', () => ({ type: unknown })],
  ['a type that nobody knows, with half of a surrogate pair', () => ({ type: unknown, data: { '\ud800': ['\udfff', 'good'] } })],
  ['a malformed event with half of a surrogate pair', () => ({ hlc: 7, actor: '\ud800' })],
  ['an id with the character that Postgres has no place for', () => ({ id: 'a\u0000b' })],
  ['a subject with that character', () => ({ type: unknown, subject: 'document/settings//a\u0000' })],
  ['a malformed event of such a subject', () => ({ hlc: 7, subject: 'document/settings//b\u0000' })],
  ['a time before any that Postgres knows', () => ({ time: '0000-01-01T00:00:00Z' })],
  ['a definition that defines nothing', () => definition([], {})],
  ['a definition that its own writer has not seen (R1)', () => definition(defined().siblings, {})],
])('%s is parked, and what follows is taken in (P-SC3)', async (_, more) => {
  const before = (await readPosition(us.region.dataSource, eu.region.name)).sequence;
  const good = { ...log[2]!, id: newId(), originsequence: before + 2 };
  const wrong = { ...log[1]!, id: newId(), ...more(), originsequence: before + 1 };
  const { applied, parked } = await ingest(
    us.region.dataSource,
    toolsOf(us.region),
    eu.region.name,
    readEvents(eu.region.name, [wrong, good]),
  );
  expect([parked, applied.map((e) => e.id)]).toEqual([1, [good.id]]);
  expect((await readPosition(us.region.dataSource, eu.region.name)).sequence).toBe(before + 2);
  expect(await rowsOf(us.region.dataSource, 'SELECT state FROM dead_letter WHERE sequence = $1', [before + 1])).toEqual([
    { state: 'open' },
  ]);
  await us.region.dataSource.query(`UPDATE dead_letter SET state = 'dropped' WHERE state = 'open'`);
});

it('what is parked is kept as it came, but for what can’t be', async () => {
  const kept = await rowsOf<{ event: { data: unknown } }>(us.region.dataSource, 'SELECT event FROM dead_letter ORDER BY sequence LIMIT 2');
  expect(kept[0]!.event).toEqual({ ...log[1], id: expect.any(String), type: unknown, originsequence: expect.any(Number) });
  expect(kept[1]!.event.data).toEqual({ '\ufffd': ['\ufffd', 'good'] });
});
