import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { dropGraves, forgetGraves } from '../collections/forget-graves.js';
import { purgeTombstones, regionsHoldingBack } from '../collections/purge-tombstones.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { pruneOutbox } from '../outbox/prune-outbox.js';
import { dropRemovedFields, noteRemovedFields } from './drop-fields.js';
import { geodeStatus } from './geode-status.js';
import { HouseKeeping } from './testing/house-keeping.js';
import { openMesh, type Mesh } from './testing/mesh.js';

let mesh: Mesh;
let [eu, us, ap]: CollectionRegion[] = [];
/** What the two of them do that stay, or were there before: by their configuration there is no third one. */
let two: HouseKeeping;
beforeEach(async () => {
  mesh = await openMesh(3);
  [eu, us, ap] = mesh.regions.map((region) => new CollectionRegion(region));
  two = new HouseKeeping({ regions: [eu!.region, us!.region] });
});
afterEach(async () => mesh.close());

const apart = async (): Promise<void> => {
  for (const other of [eu!, us!]) {
    await mesh.cut(ap!.region, other.region);
    await mesh.cut(other.region, ap!.region);
  }
};
const has = async (r: CollectionRegion, id: string): Promise<void> => {
  const look = async () => (await rowsOf(r.region.dataSource, 'SELECT 1 FROM document WHERE id = $1', [id]))[0];
  await waitFor(`${id} in ${r.region.name}`, look, { timeoutMs: 60_000 });
};
const declared = async (): Promise<void> => {
  await two.declare();
  await two.declare();
};
const names = ['k', 'l', 'm', 'n'];
const full = Object.fromEntries(names.map((name) => [name, 1]));

describe('a region that is gone for good, and was taken out of the others’ configuration', () => {
  it('holds back neither purges nor what removed fields take, though one of the others heard more of it than the other', async () => {
    await eu!.define('settings', definitionOf({ kind: 'lww' }));
    for (const r of [us!, ap!])
      await waitFor('the definition', async () => (await rowsOf(r.region.dataSource, 'SELECT 1 FROM collection'))[0], {
        timeoutMs: 60_000,
      });
    await mesh.cut(us!.region, ap!.region);
    await ap!.write('settings', 'last-words', { op: 'put', value: { n: 1 } });
    await has(eu!, 'last-words');
    await apart();
    await eu!.write('settings', 'a', { op: 'put', value: { n: 1 } });
    await eu!.write('settings', 'a', { op: 'delete' });
    await eu!.write('settings', 'b', { op: 'put', value: full });
    await eu!.write('settings', 'b', { op: 'put', value: {} });
    await has(us!, 'b');
    await declared();
    const tools = two.toolsFor(eu!.region);
    const inAnHour = Date.now() + 3_700_000;
    expect((await regionsHoldingBack(eu!.region.dataSource, tools.peers, inAnHour)).size).toBe(0);
    expect(await purgeTombstones(tools, 0, 0)).toBe(1);
    expect(await noteRemovedFields(tools)).toBe(1);
    await declared();
    expect(await two.each(forgetGraves)).toEqual([1, 1]);
    expect(await dropRemovedFields(tools)).toBe(1);
    // Once both know what it said last, they hold the same: nothing that was purged or dropped comes back by it.
    mesh.join(us!.region, ap!.region);
    await two.equal();
    expect(await us!.value('settings', 'a')).toBeNull();
  });

  it('leaves nobody alone, and is waited for by nobody', async () => {
    await apart();
    const { peers, autonomousSince } = await geodeStatus(eu!.region.dataSource, () => undefined, []);
    expect([peers, autonomousSince]).toEqual([[], null]);
    expect((await geodeStatus(eu!.region.dataSource, () => undefined, [us!.region.name])).peers.map((p) => p.region)).toEqual([
      us!.region.name,
    ]);
  });
});

it('a region that is added to two that have purged, forgotten and pruned is filled from their outboxes, and is one of three from then on', async () => {
  await apart();
  const [lww, counter, document] = ['settings', 'stock', 'profiles'];
  await eu!.define(lww!, definitionOf({ kind: 'lww' }));
  await eu!.define(counter!, definitionOf({ kind: 'counter', bounded: true }));
  await us!.define(document!, definitionOf({ kind: 'document' }));
  await two.equal();
  for (const id of ['a', 'b', 'gone']) await eu!.write(lww!, id, { op: 'put', value: full });
  await us!.write(counter!, 'lamp', { op: 'operate', operations: [{ op: 'add', units: 7 }] });
  await us!.write(document!, 'ann', { op: 'put', value: { name: 'Ann', tags: ['x'] } });
  await two.equal();
  await us!.write(document!, 'ann', { op: 'operate', operations: [{ op: 'insert', path: ['tags'], index: 1, values: ['y'] }] });
  for (let n = 0; n < 5; n += 1) await us!.write(lww!, 'a', { op: 'patch', value: { n } });
  await eu!.write(lww!, 'gone', { op: 'delete' });
  await two.equal();
  await declared();
  expect(await purgeTombstones(two.toolsFor(eu!.region), 0, 0)).toBe(1);
  await declared();
  expect(await two.each(forgetGraves)).toEqual([1, 1]);
  for (const r of [eu!, us!]) {
    await dropGraves(r.region.dataSource, 0);
    await waitFor(
      'what can be pruned',
      async () => (await pruneOutbox(r.region.dataSource, two.toolsFor(r.region).peers, 0)) > 0 || undefined,
      {
        timeoutMs: 60_000,
      },
    );
  }
  for (const other of [eu!, us!]) {
    mesh.join(ap!.region, other.region);
    mesh.join(other.region, ap!.region);
  }
  const three = new HouseKeeping(mesh);
  await three.equal();
  expect(await ap!.value(lww!, 'a')).toEqual({ ...full, n: 4 });
  expect(await ap!.value(document!, 'ann')).toEqual({ name: 'Ann', tags: ['x', 'y'] });
  expect(await ap!.value(counter!, 'lamp')).toBe(7);
  // It counts from then on: what it has not said that it knows is not purged.
  await eu!.write(lww!, 'b', { op: 'delete' });
  await three.equal();
  await two.declare();
  expect(await purgeTombstones(three.toolsFor(eu!.region), 0, 0)).toBe(0);
  await three.declare();
  await three.declare();
  expect(await purgeTombstones(three.toolsFor(eu!.region), 0, 0)).toBe(1);
  await three.equal();
});
