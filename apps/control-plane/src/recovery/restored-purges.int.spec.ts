import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { forgetGraves } from '../collections/forget-graves.js';
import { purgeTombstones } from '../collections/purge-tombstones.js';
import { retellPurges } from '../collections/retell-purges.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { HouseKeeping } from '../replication/testing/house-keeping.js';
import { openRestorableFleet, type RestorableRegion } from './testing/restorable-fleet.js';

const timeoutMs = 60_000;

let fleet: Awaited<ReturnType<typeof openRestorableFleet>>;
let house: HouseKeeping;
let eu: RestorableRegion;
let us: RestorableRegion;
let ap: RestorableRegion;

beforeEach(async () => {
  fleet = await openRestorableFleet(3);
  house = new HouseKeeping({ regions: fleet.regions.map(({ region }) => region) });
  [us, eu, ap] = fleet.regions as [RestorableRegion, RestorableRegion, RestorableRegion];
});
afterEach(async () => fleet.close());

const tombstone = async ({ region }: RestorableRegion): Promise<boolean> =>
  (await rowsOf(region.dataSource, `SELECT 1 FROM document WHERE id = 'a' AND NOT exists`)).length > 0;
const grave = async ({ region }: RestorableRegion) =>
  (
    await rowsOf<{ origin: string; epoch: number | null; forgotten: boolean }>(
      region.dataSource,
      `SELECT purge_origin AS origin, purge_epoch AS epoch, forgotten_at IS NOT NULL AS forgotten FROM grave WHERE id = 'a'`,
    )
  )[0];
const forgotten = async (): Promise<number[]> => house.each(forgetGraves);

/** "us" alone has heard of a purge by "eu", whose database is then set back to before it, and which has begun its next epoch. */
const purgedAndRestored = async (): Promise<void> => {
  const inEu = new CollectionRegion(eu.region);
  await inEu.define('lww', definitionOf({ kind: 'lww' }));
  await inEu.write('lww', 'a', { op: 'put', value: { n: 1 } });
  await inEu.write('lww', 'a', { op: 'delete' });
  for (const reader of [us, ap]) await reader.hasAllOf(eu);
  // Twice: what one says first may not have reached the other before that one says what it knows.
  for (let round = 0; round < 2; round++) await house.declare();
  const backup = await eu.backUp();
  await eu.cut(ap);
  expect(await purgeTombstones(house.toolsFor(eu.region), 0, 0)).toBe(1);
  await us.hasAllOf(eu);
  expect([await grave(us), await tombstone(ap)]).toEqual([{ origin: eu.name, epoch: 1, forgotten: false }, true]);
  await eu.restore(backup);
  await backup.drop();
  await eu.heal(ap);
  await waitFor('eu to be open', async () => (await readRecovery(eu.region.dataSource)).state === 'sound' || undefined, { timeoutMs });
  // More than once, so that the number of the purge is given again, to something else.
  for (let round = 0; round < 3; round++) await house.declare();
  expect([await tombstone(eu), await tombstone(ap)]).toEqual([true, true]);
};

const isPurgedEverywhere = async (): Promise<void> =>
  await house.everywhere(
    'the purge',
    async ({ dataSource }) => (await rowsOf(dataSource, `SELECT 1 FROM document WHERE id = 'a'`)).length === 0,
  );

describe('a purge that its region has lost', () => {
  it('is not taken for known where the new epoch has its number, and is told again by who has its grave (T3, T5)', async () => {
    await purgedAndRestored();
    expect(await forgotten()).toEqual([0, 0, 0]);
    expect(await house.each(retellPurges)).toEqual([us, eu, ap].map((r) => (r === us ? 1 : 0)));
    await isPurgedEverywhere();
    expect(await grave(ap)).toEqual({ origin: us.name, epoch: 1, forgotten: false });
    expect(await house.each(retellPurges)).toEqual([0, 0, 0]);
    await house.declare();
    await house.declare();
    expect(await forgotten()).toEqual([1, 1, 1]);
    await house.equal();
  });

  it('is found again where it stands in the new epoch, when its region purges anew (T5)', async () => {
    await purgedAndRestored();
    expect(await purgeTombstones(house.toolsFor(eu.region), 0, 0)).toBe(1);
    await isPurgedEverywhere();
    for (const reader of [us, ap]) await reader.hasAllOf(eu);
    expect(await grave(us)).toEqual({ origin: eu.name, epoch: 2, forgotten: false });
    expect(await house.each(retellPurges)).toEqual([0, 0, 0]);
    await house.declare();
    await house.declare();
    expect(await forgotten()).toEqual([1, 1, 1]);
    await house.equal();
  });
});
