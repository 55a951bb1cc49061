import { brotliCompressSync } from 'node:zlib';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoEvents } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { publishToStream } from '@lapidary/messaging/streams';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { stampOf, tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { readPosition } from './peer-position.js';
import { logOf, tenantOf } from './testing/two-regions.js';

/** An event still to be made wrong. */
type Wrong = Record<string, unknown>;

let mesh: Mesh;
let eu: CollectionRegion;
let us: CollectionRegion;
let third: TestRegion;
let good = 0;

beforeAll(async () => {
  mesh = await openMesh(3);
  const [a, b, c] = mesh.regions as [TestRegion, TestRegion, TestRegion];
  [eu, us, third] = [new CollectionRegion(a), new CollectionRegion(b), c];
  // What a region tells is not kept from repeating itself by rules of its own database.
  await a.dataSource.query('ALTER TABLE outbox DROP CONSTRAINT outbox_id_key');
  for (const kind of ['lww', 'counter', 'append', 'document']) await eu.define(kind, definitionOf({ kind: kind as 'lww' }));
  // Of a tenant whose home is the third region something is not told again yet that was taken out of us's log.
  const owedTenant = `INSERT INTO tenant (id, home_region, status, weight, tier, hlc) VALUES ('owed', $1, 'pending', 1, 'pooled', '0')`;
  await b.dataSource.query(owedTenant, [c.name]);
  await b.dataSource.query(`INSERT INTO withheld_change VALUES ($1, 1, 'owed', 1, 10)`, [b.name]);
  await eu.write('document', 'victim', { op: 'put', value: { name: 'Ann' } });
  await eu.write('lww', 'victim', { op: 'put', value: { price: 1 } });
  // A session that has just begun takes what its stream holds from the outbox: what was put there before is never read.
  await waitFor('the stream itself to be read', async () => (await passesOn(), await hasReadStream()), { timeoutMs: 60_000 });
});
afterAll(async () => mesh.close());

/** What is written after it arrives: nothing stands in its way. */
const passesOn = async (): Promise<void> => {
  const id = `good-${good++}`;
  await eu.write('lww', id, { op: 'put', value: { n: good } });
  await waitFor(
    `${id} in the other region`,
    // Not by its value, which asks for the collection: the first time, its definition may still be on its way.
    async () => (await rowsOf(us.region.dataSource, 'SELECT 1 FROM document WHERE exists AND id = $1', [id]))[0],
    { timeoutMs: 60_000 },
  );
};

const hasReadStream = async (): Promise<unknown> =>
  (await rowsOf(us.region.dataSource, 'SELECT 1 FROM version_vector WHERE origin = $1 AND stream_hint > 0', [eu.region.name]))[0];

const everything = async (region: TestRegion): Promise<unknown> => ({
  documents: await rowsOf(region.dataSource, `SELECT collection, id, digest FROM document WHERE id NOT LIKE 'good-%' ORDER BY 1, 2`),
  definitions: await rowsOf(region.dataSource, 'SELECT name, definition FROM collection ORDER BY name'),
  ledger: await rowsOf(region.dataSource, 'SELECT id FROM conflict ORDER BY id'),
  stamps: await rowsOf(region.dataSource, 'SELECT name, version FROM stamp ORDER BY name'),
  tenants: await rowsOf(region.dataSource, 'SELECT id, version FROM tenant ORDER BY id'),
  owed: await rowsOf(region.dataSource, 'SELECT * FROM withheld_change ORDER BY origin, epoch, tenant'),
});

const deadLetters = async (): Promise<{ state: string; error: string; subject: string }[]> =>
  await rowsOf(us.region.dataSource, 'SELECT state, error, subject FROM dead_letter WHERE origin = $1 ORDER BY id DESC', [eu.region.name]);

describe('in a region’s stream, what is none of its events (P-SC3)', () => {
  const packed = (events: unknown): Buffer => brotliCompressSync(JSON.stringify({ events }));
  const after = (event: EventEnvelope, more: Wrong): unknown => ({ ...event, id: newId(), ...more });

  it.each<[string, string, (last: EventEnvelope) => Uint8Array]>([
    ['bytes that are no batch', 'refused', () => Buffer.from('rubbish')],
    ['JSON that was not packed', 'refused', (e) => Buffer.from(JSON.stringify({ events: [e] }))],
    ['a small message that unpacks to 64 MB', 'refused', () => brotliCompressSync(Buffer.alloc(64 << 20, ' '))],
    ['a batch of no events', 'refused', () => packed([])],
    ['a batch that is no list', 'refused', () => packed('events')],
    ['an item whose place nobody can tell', 'refused', () => packed(['rubbish'])],
    ['an event of another region', 'refused', (e) => packed([after(e, { originregion: 'us', originsequence: e.originsequence + 1 })])],
    ['an event without a type', 'refused', (e) => packed([after(e, { type: 7, originsequence: e.originsequence + 1 })])],
    ['an event from far beyond the end of the log', 'refused', (e) => packed([after(e, { originsequence: e.originsequence + 1e9 })])],
    ['an event of an epoch that was never begun', 'refused', (e) => packed([after(e, { originepoch: 99, originsequence: 1 })])],
    ['an event of a nesting that overflows a stack', 'refused', (e) => Buffer.from(brotliCompressSync(deepEvent(e)))],
    ['an event that was told before', 'skipped', (e) => packed([e])],
    ['the same place with another body', 'skipped', (e) => packed([after(e, { data: { rubbish: true } })])],
  ])('%s is %s: never applied, never in the way', async (_, how, forge) => {
    const last = (await logOf(eu.region)).at(-1)!;
    await waitFor(
      'what was told',
      async () => ((await readPosition(us.region.dataSource, eu.region.name)).sequence >= last.originsequence ? true : undefined),
      { timeoutMs: 60_000 },
    );
    const before = await everything(us.region);
    const refusedBefore = (await deadLetters()).filter((d) => d.state === 'refused').length;
    await publishToStream(eu.region.nats, geoEvents(eu.region.name), forge(last));
    await passesOn();
    expect(await everything(us.region)).toEqual(before);
    const refused = (await deadLetters()).filter((d) => d.state === 'refused').length - refusedBefore;
    expect(refused > 0).toBe(how === 'refused');
    expect((await deadLetters()).filter((d) => d.state === 'open')).toEqual([]);
  });

  const deepEvent = (e: EventEnvelope): string => {
    const text = JSON.stringify({ events: [{ ...e, id: newId(), originsequence: e.originsequence + 1e6, data: { x: 0 } }] });
    return text.replace('{"x":0}', `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
  };
});

describe('from a region’s own log, what can’t be applied (P-SC3)', () => {
  const at = (ms: number): string => `${String(ms)}.0000.${eu.region.name}`;
  const register = (ms: number, value: unknown): Wrong => ({ siblings: [{ at: at(ms), value }], seen: { [eu.region.name]: at(ms) } });
  const change = (collection: string, more: Wrong): Wrong => ({
    collection,
    tenant: '',
    id: 'victim',
    kind: collection,
    whole: true,
    settled: [],
    change: { fields: { price: register(Date.now(), 99) }, alive: register(Date.now(), true) },
    ...more,
  });
  const subject = (collection: string, id = 'victim'): string => `document/${collection}//${id}`;
  const changed = 'lapidary.document.changed.v1';
  const day = 86_400_000;
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

  const tell = async (id: string, type: string, about: string, data: object): Promise<void> => {
    await eu.region.dataSource.query(
      `INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data) VALUES ($1, $2, $3, $4, 'r', 'test', $5::jsonb)`,
      [id, eu.region.clock.tick(), type, about, JSON.stringify(data)],
    );
  };
  const toldBefore = async (region: TestRegion): Promise<string> => (await logOf(region))[0]!.id;

  it.each<[string, 'open' | 'held', () => [type: string, subject: string, data: Wrong, id?: Promise<string>]]>([
    ['a type that nobody knows', 'open', () => ['lapidary.document.melted.v1', subject('lww'), change('lww', {})]],
    ['data that fit no schema', 'open', () => [changed, subject('lww'), { rubbish: true }]],
    ['a change of another kind than it says', 'open', () => [changed, subject('counter'), change('counter', {})]],
    ['a change of another document than its subject', 'open', () => [changed, subject('lww', 'other'), change('lww', {})]],
    [
      'a value that its own writer has not seen (R1)',
      'open',
      () => [
        changed,
        subject('lww'),
        change('lww', {
          change: { fields: { price: { siblings: [{ at: at(1e12 + 9), value: 1 }], seen: {} } }, alive: register(1e12 + 9, true) },
        }),
      ],
    ],
    [
      'a count below zero',
      'open',
      () => [
        changed,
        subject('counter'),
        change('counter', { change: { rows: { x: { added: -1, subtracted: 0, given: {} } }, alive: register(1e12, true) } }),
      ],
    ],
    [
      'an entry whose body is not what its digest says',
      'open',
      () => [
        changed,
        subject('append'),
        change('append', { change: { variants: [{ digest: 'a'.repeat(64), body: { total: 1 }, at: at(1e12) }] } }),
      ],
    ],
    [
      'a part of a nested document that is none',
      'open',
      () => [
        changed,
        subject('document'),
        change('document', { change: { parts: [Buffer.from('rubbish').toString('base64')], alive: register(Date.now(), true) } }),
      ],
    ],
    [
      'a body that is nested a thousand levels deep',
      'open',
      () => [
        changed,
        subject('append'),
        change('append', { change: { variants: [{ digest: 'a'.repeat(64), body: nested(1_000), at: at(1e12) }] } }),
      ],
    ],
    ['a change under an id that it has told before', 'open', () => [changed, subject('lww'), change('lww', {}), toldBefore(eu.region)]],
    [
      'a stamp of another region',
      'open',
      () => ['lapidary.stamp.updated.v1', `stamp/${us.region.name}-1`, { stamp: stampOf(us.region.name, 1) }],
    ],
    ['a tenant of a third region', 'open', () => ['lapidary.tenant.updated.v1', 'tenant/zed', { tenant: tenantOf(third.name, 'zed') }]],
    [
      'documents told anew by a region that is not their home (I3)',
      'open',
      () => [
        'lapidary.documents.retold.v1',
        `documents-retold/owed/${us.region.name}`,
        { tenant: 'owed', region: us.region.name, through: 1e9 },
      ],
    ],
    [
      'a change dated tomorrow',
      'held',
      () => [
        changed,
        subject('lww'),
        change('lww', { change: { fields: { price: register(Date.now() + day, 99) }, alive: register(Date.now() + day, true) } }),
      ],
    ],
    [
      'a definition dated tomorrow',
      'held',
      () => [
        'lapidary.collection.defined.v1',
        'collection/lww',
        { collection: 'lww', definition: register(Date.now() + day, { ...definitionOf({ kind: 'lww' }), version: 9, created: at(1e12) }) },
      ],
    ],
  ])('%s is kept %s: never applied, never in the way', async (_, how, make) => {
    const before = await everything(us.region);
    const [type, about, data, told = Promise.resolve(newId())] = make();
    const id = await told;
    await tell(id, type, about, data);
    await passesOn();
    expect(await everything(us.region)).toEqual(before);
    const [letter] = (await deadLetters()).filter((d) => d.state === 'open');
    const held = await rowsOf(us.region.dataSource, 'SELECT 1 FROM held_change WHERE event_id = $1', [id]);
    expect([letter?.subject, held.length]).toEqual(how === 'held' ? [undefined, 1] : [about, 0]);
    if (letter) expect(letter.error.length).toBeGreaterThan(0);
    // The next case begins with nothing in quarantine.
    await us.region.dataSource.query(`UPDATE dead_letter SET state = 'dropped' WHERE state IN ('open', 'waiting')`);
  });

  it('an event under an id that another region has told is applied: each region gives its own (I5)', async () => {
    await tellOfStamp(third, 1);
    const id = await toldBefore(third);
    const taken = async (): Promise<unknown> =>
      (await rowsOf(us.region.dataSource, 'SELECT 1 FROM inbox WHERE event_id = $1 AND origin = $2', [id, third.name]))[0];
    await waitFor('the other region’s event', taken, { timeoutMs: 60_000 });
    const stamp = stampOf(eu.region.name, 7);
    await tell(id, 'lapidary.stamp.updated.v1', `stamp/${stamp.name}`, { stamp });
    await passesOn();
    expect(await rowsOf(us.region.dataSource, 'SELECT region FROM stamp WHERE name = $1', [stamp.name])).toEqual([
      { region: eu.region.name },
    ]);
  });
});
