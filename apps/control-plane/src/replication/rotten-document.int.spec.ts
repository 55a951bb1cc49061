import { rowsOf } from '@lapidary/db/rows';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { waitFor } from '@lapidary/kernel/wait-for';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { proposeHistories } from '../collections/renew-histories.js';
import { purgeTombstones } from '../collections/purge-tombstones.js';
import { dropRemovedFields, noteRemovedFields } from './drop-fields.js';
import { HouseKeeping } from './testing/house-keeping.js';
import { openMesh, type Mesh } from './testing/mesh.js';

let mesh: Mesh;
let [eu, us]: CollectionRegion[] = [];
beforeEach(async () => {
  mesh = await openMesh(2);
  [eu, us] = mesh.regions.map((region) => new CollectionRegion(region));
});
afterEach(async () => mesh.close());

test('changes of a nested document whose bytes have rotted here wait in the dead letters, and everything else of their region flows', async () => {
  await eu!.define('profiles', definitionOf({ kind: 'document' }));
  await eu!.define('settings', definitionOf({ kind: 'lww' }));
  await eu!.write('profiles', 'a', { op: 'put', value: { name: 'Ann' } });
  const { dataSource } = us!.region;
  const seen = async (id: string): Promise<unknown> =>
    waitFor(id, async () => (await rowsOf(dataSource, 'SELECT 1 FROM document WHERE id = $1', [id]))[0], { timeoutMs: 60_000 });
  await seen('a');
  await dataSource.query(`UPDATE document SET automerge = 'no document of anybody' WHERE id = 'a'`);
  await eu!.write('profiles', 'a', { op: 'patch', value: { name: 'Eve' } });
  await eu!.write('settings', 'b', { op: 'put', value: { n: 1 } });
  await seen('b');
  expect(await rowsOf(dataSource, 'SELECT subject, state FROM dead_letter')).toEqual([{ subject: 'document/profiles//a', state: 'open' }]);
});

describe('upkeep, where one document of many can’t be read any more', () => {
  const first = (): CollectionRegion => [eu!, us!].sort((a, b) => (a.region.name < b.region.name ? -1 : 1))[0]!;
  const house = (): HouseKeeping => new HouseKeeping(mesh);
  const sql = async (text: string): Promise<unknown> => first().region.dataSource.query(text);
  const put = (value: Record<string, number>): WriteCommand => ({ op: 'put', value });
  const known = async (): Promise<void> => {
    await house().equal();
    await house().declare();
    await house().declare();
  };

  it('purges the other tombstones', async () => {
    await first().define('settings', definitionOf({ kind: 'lww' }));
    for (const id of ['a', 'b']) {
      await first().write('settings', id, put({ n: 1 }));
      await first().write('settings', id, { op: 'delete' });
    }
    await known();
    await sql(`UPDATE document SET packed = '{"times":' WHERE id = 'a'`);
    expect(await purgeTombstones(house().toolsFor(first().region), 0, 0)).toBe(1);
  });

  it('drops removed fields of the other documents', async () => {
    const names = ['k', 'l', 'm', 'n'];
    await first().define('settings', definitionOf({ kind: 'lww' }));
    for (const id of ['a', 'b']) {
      await first().write('settings', id, put(Object.fromEntries(names.map((n) => [n, 1]))));
      await first().write('settings', id, put({}));
    }
    await known();
    await sql(`UPDATE document SET packed = '{"times":' WHERE id = 'a'`);
    const tools = house().toolsFor(first().region);
    expect(await noteRemovedFields(tools)).toBe(1);
    await house().declare();
    expect(await dropRemovedFields(tools)).toBe(1);
  });

  it('begins the other histories anew', async () => {
    await first().define('profiles', definitionOf({ kind: 'document' }));
    for (const id of ['a', 'b']) await first().write('profiles', id, { op: 'put', value: { name: 'Ann' } });
    await known();
    await sql(`UPDATE document SET state = jsonb_set(state, '{changes}', '2000')`);
    await sql(`UPDATE document SET automerge = 'no document of anybody' WHERE id = 'a'`);
    expect(await proposeHistories({ ...house().toolsFor(first().region), nested: first().site.nested })).toBe(1);
  });
});
