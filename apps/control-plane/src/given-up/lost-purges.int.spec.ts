import { rowsOf } from '@lapidary/db/rows';
import { forgetGraves } from '../collections/forget-graves.js';
import { purgeTombstones } from '../collections/purge-tombstones.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { openMesh, type Mesh } from '../replication/testing/mesh.js';
import { HouseKeeping } from '../replication/testing/house-keeping.js';
import { LostRegion } from './lost-region.fixture.js';
import { retellLostPurges } from './lost-purges.js';

let mesh: Mesh;
let fleet: LostRegion;
let house: HouseKeeping;
/** `ap` is lost. */
let [ap, eu, us]: TestRegion[] = [];
beforeEach(async () => {
  mesh = await openMesh(3);
  house = new HouseKeeping(mesh);
  [ap, eu, us] = mesh.regions;
  fleet = new LostRegion(mesh, ap!);
});
afterEach(async () => mesh.close());

const keys = ['a', 'b'];
const rows = async ({ dataSource }: TestRegion): Promise<number> =>
  (await rowsOf(dataSource, 'SELECT 1 FROM document WHERE id = ANY ($1)', [keys])).length;
const graves = async ({ dataSource }: TestRegion) =>
  await rowsOf<{ origin: string; forgotten: boolean }>(
    dataSource,
    'SELECT purge_origin AS origin, forgotten_at IS NOT NULL AS forgotten FROM grave WHERE id = ANY ($1) ORDER BY id',
    [keys],
  );

/** `ap` purged what it had deleted, and only those named heard of it before it was lost. */
const purgedBefore = async (...hearers: TestRegion[]): Promise<void> => {
  const inAp = new CollectionRegion(ap!);
  await inAp.define('lww', definitionOf({ kind: 'lww' }));
  for (const id of keys) {
    await inAp.write('lww', id, { op: 'put', value: { n: 1 } });
    await inAp.write('lww', id, { op: 'delete' });
  }
  await house.everywhere('the tombstones', async (r) => (await rows(r)) === keys.length);
  // Twice: what one says first may not have reached the other before that one says what it knows.
  for (let round = 0; round < 2; round++) await house.declare();
  for (const r of [eu!, us!]) if (!hearers.includes(r)) await mesh.cut(r, ap!);
  expect(await purgeTombstones(house.toolsFor(ap!), 0, 0)).toBe(keys.length);
  await house.everywhere('the purge', async (r) => (await rows(r)) === 0, hearers);
  await fleet.lose(eu!, us!);
};
const remain = (): TestRegion[] => [eu!, us!];

it.each([
  ['the one that is no successor', (): TestRegion => eu!],
  ['its successor', (): TestRegion => us!],
])('RG9: a purge that %s alone had heard reaches all that remain, and is forgotten by them in the end', async (_, hearer) => {
  await purgedBefore(hearer());
  const other = remain().find((r) => r !== hearer())!;
  expect([await rows(hearer()), await rows(other)]).toEqual([0, keys.length]);
  await fleet.declare(eu!, us!);
  await fleet.stands('inherited', eu!, us!);
  await house.everywhere('the purge', async (r) => (await rows(r)) === 0, remain());
  for (const r of remain()) expect(await graves(r)).toEqual(keys.map(() => ({ origin: hearer().name, forgotten: false })));
  // A second look tells nothing again.
  for (const r of remain()) expect(await retellLostPurges(house.toolsFor(r))).toBe(0);
  // `ap` is taken out of the others' peers, as the runbook says: nobody waits for it.
  const left = new HouseKeeping({ regions: remain() });
  for (let round = 0; round < 2; round++) await left.declare(remain());
  for (const r of remain()) expect(await forgetGraves(left.toolsFor(r))).toBe(keys.length);
  await left.equal();
});

it('RG9: one that all had heard is told by nobody again', async () => {
  await purgedBefore(eu!, us!);
  await fleet.declare(eu!, us!);
  await fleet.stands('inherited', eu!, us!);
  for (const r of remain()) {
    expect(await retellLostPurges(house.toolsFor(r))).toBe(0);
    expect(await graves(r)).toEqual(keys.map(() => ({ origin: ap!.name, forgotten: false })));
  }
});

it('RG9: what was written anew by who had not heard of it stands on what was, in all that remain', async () => {
  await purgedBefore(eu!);
  await new CollectionRegion(us!).write('lww', 'a', { op: 'put', value: { n: 2 } });
  await fleet.declare(eu!, us!);
  await fleet.stands('inherited', eu!, us!);
  await new HouseKeeping({ regions: remain() }).equal();
  for (const r of remain()) expect(await rows(r)).toBe(1);
});
