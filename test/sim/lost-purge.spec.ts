import { keyText } from '@lapidary/replication/collections/collection-store';
import { begin, hear, key, recovering, upkeepOf, write } from './one-document.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { stepRecovery } from './sim-recovery.ts';
import { keepHouse } from './sim-upkeep.ts';

/**
 * "us" purges what it has deleted, "eu" alone hears of it, and a backup from right before takes the place of the database of "us", which does not come to
 * purge it again. Returns for each region whether there is a row, and what is left of the purge.
 */
const purgedAndRestored = async (bug: PlantedBug | null) => {
  const { ap, eu, us } = await begin(bug);
  const regions = [ap, eu, us];
  const toldToAll = async (): Promise<void> => {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  };
  const round = async (): Promise<void> => {
    for (const region of regions) {
      const others = regions.filter((r) => r !== region);
      await keepHouse(upkeepOf(region, others, bug, false));
    }
    await toldToAll();
  };
  await toldToAll();
  await write(us, { op: 'put', value: { words: [] } });
  await write(us, { op: 'delete' });
  await toldToAll();
  for (let i = 0; i < 3; i++) await round();
  us.backUp();
  await keepHouse(upkeepOf(us, [ap, eu], bug, true));
  await hear(eu, us);
  expect([eu, ap].map(({ database }) => database.documents.has(keyText(key)))).toEqual([false, true]);
  await us.restore('elsewhere');
  for (let i = 0; i < 3; i++) await stepRecovery(recovering(us, [ap, eu], [ap, eu], bug));
  expect([us.database.recovery.state, us.database.epoch]).toEqual(['sound', 2]);
  for (let i = 0; i < 8; i++) await round();
  return regions.map(({ name, database }) => [
    name,
    database.documents.has(keyText(key)) ? 'here' : 'gone',
    database.graves.get(keyText(key))?.grave.isForgotten ?? null,
  ]);
};

describe('a purge that its region has lost, and that one other region has heard', () => {
  it('is told again by that one, and forgotten when everybody knows it (T3, T5)', async () => {
    expect(await purgedAndRestored(null)).toEqual([
      ['ap', 'gone', true],
      ['eu', 'gone', true],
      ['us', 'gone', true],
    ]);
  });

  it('would go on as a difference between regions without that, with what was purged kept in a grave', async () => {
    expect(await purgedAndRestored('purge-untold')).toEqual([
      ['ap', 'here', null],
      ['eu', 'gone', false],
      ['us', 'here', null],
    ]);
  });
});
