import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { Json } from '@lapidary/replication/merge/json';
import { readEvents } from '@lapidary/replication/read-events';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { forgetGraves, dropGraves, pruneHistory } from '../collections/forget-graves.js';
import { purgeTombstones, regionsHoldingBack, type RetentionTools } from '../collections/purge-tombstones.js';
import { historyFloor, watchHorizon } from '../collections/read-changes.js';
import { continues } from '../collections/watch-cursor.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { pruneOutbox } from '../outbox/prune-outbox.js';
import { outboxBacklog } from '../outbox/published-through.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { takeInOne } from './ingest.js';
import { HouseKeeping } from './testing/house-keeping.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { logOf, toolsOf } from './testing/two-regions.js';

let mesh: Mesh;
let house: HouseKeeping;
let eu: CollectionRegion;
let us: CollectionRegion;
let ap: CollectionRegion;

beforeEach(async () => {
  mesh = await openMesh(3);
  house = new HouseKeeping(mesh);
  [eu, us, ap] = mesh.regions.map((region) => new CollectionRegion(region)) as [CollectionRegion, CollectionRegion, CollectionRegion];
  await eu.define('settings', definitionOf({ kind: 'lww' }));
  await everywhere('the definition', async (r) => (await rowsOf(r.dataSource, 'SELECT 1 FROM collection')).length > 0);
});
afterEach(async () => mesh.close());

const put = (value: Json): WriteCommand => ({ op: 'put', value });
const everywhere: HouseKeeping['everywhere'] = async (...given) => house.everywhere(...given);
const toolsFor = (region: TestRegion): RetentionTools => house.toolsFor(region);
const each: HouseKeeping['each'] = async (work) => house.each(work);
const declare = async (heard?: readonly CollectionRegion[]): Promise<void> => house.declare(heard?.map((h) => h.region));
const equal = async (): Promise<void> => house.equal();
const purge = async (r: CollectionRegion): Promise<number> => purgeTombstones(toolsFor(r.region), 0, 0);

const row = async (r: CollectionRegion, id: string) =>
  (await rowsOf<{ exists: boolean; digest: string }>(r.region.dataSource, 'SELECT exists, digest FROM document WHERE id = $1', [id]))[0];
const graves = async (r: CollectionRegion) =>
  await rowsOf<{ id: string; kept: boolean; forgotten: boolean }>(
    r.region.dataSource,
    'SELECT id, contents IS NOT NULL AS kept, forgotten_at IS NOT NULL AS forgotten FROM grave ORDER BY id',
  );
/** Written and deleted in `eu`, known everywhere. */
const deleted = async (id: string): Promise<void> => {
  await eu.write('settings', id, put({ price: 1, title: 'Cup' }));
  await eu.write('settings', id, { op: 'delete' });
  await everywhere('the delete', async (r) => (await row(new CollectionRegion(r), id))?.exists === false);
};

describe('a tombstone', () => {
  it('goes everywhere alike once every region knows it, and its contents once every region has purged it (T1–T3)', async () => {
    await deleted('a');
    expect(await purge(eu)).toBe(0); // nobody has said what it knows
    await declare();
    expect(await purge(us)).toBe(0); // who deleted purges
    expect(await purge(eu)).toBe(1);
    await everywhere('the purge', async (r) => (await row(new CollectionRegion(r), 'a')) === undefined);
    await equal();
    expect(await each(forgetGraves)).toEqual([0, 0, 0]);
    expect(await graves(ap)).toEqual([{ id: 'a', kept: true, forgotten: false }]);
    await declare();
    expect(await each(forgetGraves)).toEqual([1, 1, 1]);
    expect(await graves(us)).toEqual([{ id: 'a', kept: false, forgotten: true }]);
    await equal();
  });

  it('is held back by a region that is cut off, whose write is not lost', async () => {
    await eu.write('settings', 'a', put({ price: 1, title: 'Cup' }));
    await everywhere('the document', async (r) => (await row(new CollectionRegion(r), 'a')) !== undefined);
    await declare();
    for (const other of [eu, us]) {
      await mesh.cut(ap.region, other.region);
      await mesh.cut(other.region, ap.region);
    }
    await eu.write('settings', 'a', { op: 'delete' });
    await everywhere('the delete', async (r) => (await row(new CollectionRegion(r), 'a'))?.exists === false, [eu.region, us.region]);
    await declare([eu, us]);
    await declare([eu, us]);
    expect(await purge(eu)).toBe(0);
    const inAnHour = Date.now() + 3_700_000;
    expect([...(await regionsHoldingBack(eu.region.dataSource, toolsFor(eu.region).peers, inAnHour)).keys()]).toEqual([ap.region.name]);
    expect((await regionsHoldingBack(eu.region.dataSource, toolsFor(eu.region).peers)).size).toBe(0);
    await ap.write('settings', 'a', { op: 'patch', value: { price: 9 } });
    for (const other of [eu, us]) {
      mesh.join(ap.region, other.region);
      mesh.join(other.region, ap.region);
    }
    await equal();
    expect(await eu.value('settings', 'a')).toEqual({ price: 9 });
    await declare();
    expect(await purge(eu)).toBe(0);
  });

  it('is not purged where a document was written again, and stands again in all regions where it is written before they heard', async () => {
    await deleted('a');
    await declare();
    await mesh.cut(us.region, eu.region);
    expect(await purge(eu)).toBe(1);
    // Written on the tombstone in one region, on what is left of it in another, at once.
    await us.write('settings', 'a', put({ price: 2 }));
    await eu.write('settings', 'a', put({ colour: 'red' }));
    mesh.join(us.region, eu.region);
    await equal();
    expect((await row(ap, 'a'))?.exists).toBe(true);
  });

  it('that is forgotten does not come back from who tells the document again, and a new document takes its place (T3)', async () => {
    await deleted('a');
    const old = (await logOf(eu.region)).filter((e) => e.subject === 'document/settings//a');
    await declare();
    await purge(eu);
    await everywhere('the purge', async (r) => (await row(new CollectionRegion(r), 'a')) === undefined);
    await declare();
    await each(forgetGraves);
    // As a region does that was restored from a backup: all of its log, in new places.
    for (const incoming of readEvents(eu.region.name, old)) {
      for (const { region } of [us, ap])
        await inTransaction(region.dataSource, async (tx) => takeInOne(tx, eu.region.name, incoming, toolsOf(region)));
    }
    expect([await row(us, 'a'), await row(ap, 'a')]).toEqual([undefined, undefined]);
    await ap.write('settings', 'a', put({ price: 3 }));
    await us.write('settings', 'a', put({ colour: 'blue' }));
    await equal();
    expect((await row(eu, 'a'))?.exists).toBe(true);
    expect(await graves(eu)).toMatchObject([{ forgotten: true }]);
    // And can be deleted and purged like any other.
    await ap.write('settings', 'a', { op: 'delete' });
    await everywhere('the second delete', async (r) => (await row(new CollectionRegion(r), 'a'))?.exists === false);
    await declare();
    expect(await purge(ap)).toBe(1);
    await everywhere('the second purge', async (r) => (await row(new CollectionRegion(r), 'a')) === undefined);
    await equal();
  });

  it('of a counter takes its number along: it begins at zero where the purge is known, and goes on where somebody had not heard of it (T4)', async () => {
    const add = (units: number): WriteCommand => ({ op: 'operate', operations: [{ op: 'add', units }] });
    const value = async (id: string): Promise<unknown[]> => await Promise.all([eu, us, ap].map(async (r) => r.value('stock', id)));
    await eu.define('stock', definitionOf({ kind: 'counter', bounded: true }));
    await everywhere(
      'the definition',
      async (r) => (await rowsOf(r.dataSource, `SELECT 1 FROM collection WHERE name = 'stock'`)).length > 0,
    );
    for (const id of ['a', 'b']) {
      await eu.write('stock', id, add(5));
      await eu.write('stock', id, { op: 'delete' });
      await everywhere('the delete', async (r) => (await row(new CollectionRegion(r), id))?.exists === false);
    }
    await declare();
    await mesh.cut(us.region, eu.region);
    expect(await purge(eu)).toBe(2);
    await everywhere('the purge', async (r) => (await row(new CollectionRegion(r), 'b')) === undefined, [eu.region, ap.region]);
    // Both where the purge is known; of one also where it is not.
    await us.write('stock', 'b', add(1));
    expect(await us.value('stock', 'b')).toBe(6);
    for (const id of ['a', 'b']) await ap.write('stock', id, add(2));
    expect(await ap.value('stock', 'a')).toBe(2);
    mesh.join(us.region, eu.region);
    await equal();
    expect([await value('a'), await value('b')]).toEqual([
      [2, 2, 2],
      [8, 8, 8],
    ]);
  });

  it('of a nested document is forgotten with its history, and what is put there anew begins another (T4)', async () => {
    await eu.define('profiles', definitionOf({ kind: 'document' }));
    await everywhere(
      'the definition',
      async (r) => (await rowsOf(r.dataSource, `SELECT 1 FROM collection WHERE name = 'profiles'`)).length > 0,
    );
    await eu.write('profiles', 'a', put({ name: 'Cup', tags: ['x'] }));
    await eu.write('profiles', 'a', { op: 'delete' });
    await everywhere('the delete', async (r) => (await row(new CollectionRegion(r), 'a'))?.exists === false);
    await declare();
    expect(await purge(eu)).toBe(1);
    await everywhere('the purge', async (r) => (await row(new CollectionRegion(r), 'a')) === undefined);
    await declare();
    await each(forgetGraves);
    const [kept] = await rowsOf<{ contents: unknown; automerge: unknown; beginning: object }>(
      us.region.dataSource,
      `SELECT contents, automerge, beginning FROM grave WHERE id = 'a'`,
    );
    expect(kept).toMatchObject({ contents: null, automerge: null, beginning: { kind: 'document', value: {} } });
    // The region that wrote it before numbers its changes anew; another one does so at once.
    await eu.write('profiles', 'a', put({ name: 'Jug', tags: [] }));
    await us.write('profiles', 'a', put({ name: 'Jug', size: 2, tags: [] }));
    await equal();
    expect(await ap.value('profiles', 'a')).toEqual({ name: 'Jug', size: 2, tags: [] });
    expect(await rowsOf(ap.region.dataSource, `SELECT state->'generation'->'number' AS number FROM document WHERE id = 'a'`)).toEqual([
      { number: 1 },
    ]);
  });

  it('of a counter stays while a region of an older version would go on with its number', async () => {
    await eu.define('stock', definitionOf({ kind: 'counter', bounded: true }));
    await everywhere(
      'the definition',
      async (r) => (await rowsOf(r.dataSource, `SELECT 1 FROM collection WHERE name = 'stock'`)).length > 0,
    );
    await eu.write('stock', 'a', { op: 'operate', operations: [{ op: 'add', units: 5 }] });
    await eu.write('stock', 'a', { op: 'delete' });
    await everywhere('the delete', async (r) => (await row(new CollectionRegion(r), 'a'))?.exists === false);
    await declare();
    await eu.region.dataSource.query(`UPDATE region_knowledge SET purges = '{lww}' WHERE region = $1`, [us.region.name]);
    expect(await purge(eu)).toBe(0);
    await declare();
    expect(await purge(eu)).toBe(1);
  });

  it('leaves the outbox with everything of its document, and the grave goes last', async () => {
    await deleted('a');
    await declare();
    await purge(eu);
    await everywhere('the purge', async (r) => (await row(new CollectionRegion(r), 'a')) === undefined);
    await declare();
    await each(forgetGraves);
    const told = async () => (await rowsOf(eu.region.dataSource, `SELECT 1 FROM outbox WHERE subject = 'document/settings//a'`)).length;
    expect(await told()).toBe(3);
    await waitFor('the stream', async () => (await outboxBacklog(eu.region.dataSource)).depth === 0 || undefined, { timeoutMs: 60_000 });
    await pruneOutbox(eu.region.dataSource, [], -1);
    expect(await told()).toBe(0);
    expect(await dropGraves(eu.region.dataSource, 30)).toBe(0);
    expect(await dropGraves(eu.region.dataSource, 0)).toBe(1);
    expect(await graves(eu)).toEqual([]);
  });

  it('is not purged while a change is parked: what a region lacks it does not say that it knows', async () => {
    await deleted('a');
    await us.region.dataSource.query(
      `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error) VALUES ('x', $1, 1, 2, 't', 'document/settings//b', '{}', 'e')`,
      [eu.region.name],
    );
    await declare();
    expect(await purge(eu)).toBe(0);
    await us.region.dataSource.query(`UPDATE dead_letter SET state = 'dropped'`);
    await declare();
    expect(await purge(eu)).toBe(1);
  });
});

it('history that is past its time goes, and a watcher that resumes before it begins anew', async () => {
  const { dataSource } = eu.region;
  await eu.write('settings', 'a', put({ price: 1 }));
  const before = { region: eu.region.name, epoch: 1, xid: await watchHorizon(dataSource), position: 0n };
  await eu.write('settings', 'a', put({ price: 2 }));
  expect(await pruneHistory(dataSource, 1)).toBe(0);
  await dataSource.query(`UPDATE change SET at = at - interval '2 days'`);
  await eu.write('settings', 'a', put({ price: 3 }));
  expect(await pruneHistory(dataSource, 1)).toBe(2);
  expect(await rowsOf(dataSource, 'SELECT 1 FROM change')).toHaveLength(1);
  const floor = await historyFloor(dataSource);
  // Transactions of other databases of this server count too.
  const horizon = await waitFor(
    'older transactions to end',
    async () => {
      const now = await watchHorizon(dataSource);
      return now > floor ? now : undefined;
    },
    { timeoutMs: 60_000 },
  );
  const bounds = { horizon, floor };
  expect(continues(before, eu.region.name, 1, bounds)).toBe(false);
  expect(continues({ ...before, xid: bounds.horizon }, eu.region.name, 1, bounds)).toBe(true);
});
