import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { readEvents } from '@lapidary/replication/read-events';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { noteApart } from '../digests/known-events.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { dropRemovedFields, noteRemovedFields } from './drop-fields.js';
import { takeInOne } from './ingest.js';
import { HouseKeeping } from './testing/house-keeping.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { logOf, toolsOf } from './testing/two-regions.js';

let mesh: Mesh;
let house: HouseKeeping;
let [eu, us, ap]: CollectionRegion[] = [];

beforeEach(async () => {
  mesh = await openMesh(3);
  house = new HouseKeeping(mesh);
  [eu, us, ap] = mesh.regions.map((region) => new CollectionRegion(region));
  const budgets = { documentBytes: 2_048, documents: 100, changes: 100 };
  await first().define('settings', { ...definitionOf({ kind: 'lww' }), budgets });
  await house.everywhere('the definition', async (r) => (await rowsOf(r.dataSource, 'SELECT 1 FROM collection')).length > 0);
});
afterEach(async () => mesh.close());

const all = (): CollectionRegion[] => [eu!, us!, ap!];
/** Who drops of documents of the fleet. */
const first = (): CollectionRegion => all().sort((a, b) => (a.region.name < b.region.name ? -1 : 1))[0]!;
const others = (): CollectionRegion[] => all().filter((r) => r !== first());
const patch = (value: Record<string, string | number | null>): WriteCommand => ({ op: 'patch', value });
const note = async (r: CollectionRegion): Promise<number> => noteRemovedFields(house.toolsFor(r.region));
const drop = async (r: CollectionRegion): Promise<number> => dropRemovedFields(house.toolsFor(r.region));
const names = Array.from({ length: 7 }, (_, i) => `attribute-${i}`);
const kept = async (r: TestRegion): Promise<{ fields: string[]; bytes: number }> => {
  const [row] = await rowsOf<{ fields: string[]; bytes: number }>(
    r.dataSource,
    `SELECT ARRAY(SELECT jsonb_object_keys(document_state(document)->'fields') ORDER BY 1) AS fields, bytes FROM document WHERE id = 'a'`,
  );
  return row!;
};
const values = async (): Promise<unknown[]> => Promise.all(all().map(async (r) => r.value('settings', 'a')));

/** A document with a value, and names that came and went. */
const filled = async (writer = first()): Promise<void> => {
  await writer.write('settings', 'a', { op: 'put', value: { owner: 'ann' } });
  for (const name of names) {
    await writer.write('settings', 'a', patch({ [name]: 1 }));
    await writer.write('settings', 'a', patch({ [name]: null }));
  }
  await house.equal();
};

describe('fields that were removed', () => {
  it('leave every region once every region knows, so that they fill no budget for good, and are written anew like others', async () => {
    await filled(others()[0]);
    const more = async (): Promise<void> => first().write('settings', 'a', patch(Object.fromEntries(names.map((n) => [`${n}-new`, 1]))));
    await expect(more()).rejects.toMatchObject({ code: 'budget_exceeded' });
    expect(await note(first())).toBe(0); // nobody has said what it knows
    await house.declare();
    expect(await note(others()[0]!)).toBe(0); // one region does it
    expect([await note(first()), await note(first())]).toEqual([1, 0]);
    expect(await drop(first())).toBe(0);
    await house.declare();
    expect(await drop(first())).toBe(1);
    await house.equal();
    for (const { region } of all()) expect(await kept(region)).toMatchObject({ fields: ['owner'] });
    await more();
    await others()[0]!.write('settings', 'a', patch({ [names[0]!]: 2 }));
    await house.equal();
    expect(await others()[1]!.value('settings', 'a')).toMatchObject({ owner: 'ann', [names[0]!]: 2, [`${names[1]!}-new`]: 1 });
    expect(await rowsOf(first().region.dataSource, 'SELECT 1 FROM document WHERE removed_due')).toEqual([]);
  });

  it('do not come back from who tells everything again, as a region does that was restored from a backup', async () => {
    await filled();
    const old = await logOf(first().region);
    await house.declare();
    await note(first());
    await house.declare();
    await drop(first());
    await house.equal();
    for (const incoming of readEvents(first().region.name, old))
      for (const { region } of others())
        await inTransaction(region.dataSource, async (tx) => takeInOne(tx, first().region.name, incoming, toolsOf(region)));
    await house.equal();
    expect(await values()).toEqual([{ owner: 'ann' }, { owner: 'ann' }, { owner: 'ann' }]);
  });

  it('go though their document is written all the time, and take no field along that was removed since', async () => {
    await filled();
    await house.declare();
    await note(first());
    await others()[0]!.write('settings', 'a', patch({ owner: 'bob', last: 1 }));
    await others()[0]!.write('settings', 'a', patch({ last: null }));
    await house.equal();
    await house.declare();
    expect(await drop(first())).toBe(1);
    await house.equal();
    expect((await kept(others()[1]!.region)).fields).toEqual(['last', 'owner']);
    expect(await values()).toEqual([{ owner: 'bob' }, { owner: 'bob' }, { owner: 'bob' }]);
  });

  it('stay while a region is cut off, whose write is not lost', async () => {
    await filled();
    await first().write('settings', 'a', patch({ extra: 1 }));
    await house.equal();
    await house.declare();
    await note(first());
    const [near, far] = others() as [CollectionRegion, CollectionRegion];
    for (const other of [first(), near]) {
      await mesh.cut(far.region, other.region);
      await mesh.cut(other.region, far.region);
    }
    await first().write('settings', 'a', patch({ extra: null }));
    await far.write('settings', 'a', patch({ [names[0]!]: 'far', extra: 'far' }));
    await house.declare([first().region, near.region]);
    expect(await drop(first())).toBe(0);
    for (const other of [first(), near]) {
      mesh.join(far.region, other.region);
      mesh.join(other.region, far.region);
    }
    await house.equal();
    await house.declare();
    expect(await drop(first())).toBe(1);
    await house.equal();
    expect(await near.value('settings', 'a')).toMatchObject({ owner: 'ann', [names[0]!]: 'far', extra: 'far' });
  });

  it('stay while some region would not understand it, and while what a repair brought is not known everywhere', async () => {
    await filled();
    await house.declare();
    const { dataSource } = first().region;
    const [near] = others();
    await dataSource.query('UPDATE region_knowledge SET drops = false WHERE region = $1', [near!.region.name]);
    expect(await note(first())).toBe(0);
    await house.declare();
    const [at] = await rowsOf<{ epoch: number; sequence: number }>(
      dataSource,
      'SELECT epoch, sequence::int AS sequence FROM version_vector WHERE origin = $1',
      [near!.region.name],
    );
    const known = { [near!.region.name]: { epoch: at!.epoch, sequence: at!.sequence + 2 } };
    await inTransaction(dataSource, async (tx) => noteApart(tx, { known }));
    expect(await note(first())).toBe(1);
    await house.declare();
    expect(await drop(first())).toBe(0);
    await near!.write('settings', 'b', { op: 'put', value: { owner: 'eve' } });
    await house.declare();
    await house.declare();
    expect(await drop(first())).toBe(1);
    await house.equal();
  });

  it('are noted anew where a region has begun another epoch since', async () => {
    await filled();
    await house.declare();
    await note(first());
    const { dataSource } = first().region;
    await dataSource.query(`UPDATE removal_note SET known = jsonb_set(known, ARRAY[$1, 'epoch'], '0')`, [others()[0]!.region.name]);
    await house.declare();
    expect([await drop(first()), await note(first())]).toEqual([0, 1]);
    await house.declare();
    expect(await drop(first())).toBe(1);
  });
});
