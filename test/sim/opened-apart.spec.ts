import { proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { begin, hear, insert, key, policy, recovering, upkeepOf, wordsOf, write } from './one-document.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { forceOpen, stepRecovery } from './sim-recovery.ts';
import type { SimRegion } from './sim-region.ts';
import { keepHistories, keepHouse } from './sim-upkeep.ts';

/**
 * "eu" proposes that the history begins anew. "us", which has not heard of it, writes a word that "ap" alone hears, loses it with its database, and is
 * opened by a person without "ap": nobody who reaches "us" has the word, and "us" does not know that it ever wrote it. `heard`: "us" reaches "ap" again.
 */
const wordLostByItsWriter = async (bug: PlantedBug | null) => {
  const { ap, eu, us } = await begin(bug);
  const regions = [ap, eu, us];
  let isApart = false;
  const toldToAll = async (): Promise<void> => {
    for (const to of regions)
      for (const from of regions) if (to !== from && !(isApart && [to, from].every((r) => r !== eu))) await hear(to, from);
  };
  const rounds = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      for (const region of regions) {
        const upkeep = upkeepOf(
          region,
          regions.filter((r) => r !== region),
          bug,
          false,
        );
        await keepHouse(upkeep);
        if (region === eu) await keepHistories(upkeep);
      }
      await toldToAll();
    }
  };
  await toldToAll();
  await write(eu, { op: 'put', value: { words: ['first'] } });
  await toldToAll();
  us.backUp();
  await write(us, insert('lost'));
  await hear(ap, us);
  isApart = true;
  const by = { actor: 'test', requestId: 'test' };
  const proposed = await eu.inTx(async (tx) => proposeGeneration(tx, eu.site, key, policy, ['ap', 'us'], by));
  expect(proposed).not.toBeNull();
  await us.restore('elsewhere');
  await hear(us, eu);
  for (let i = 0; i < 2; i++) await stepRecovery(recovering(us, [ap, eu], [eu], bug));
  await forceOpen(recovering(us, [ap, eu], [eu], bug));
  await stepRecovery(recovering(us, [ap, eu], [eu], bug));
  expect(us.database.recovery.state).toBe('holding');
  await rounds();
  isApart = false;
  for (let i = 0; i < 3; i++) {
    await toldToAll();
    await stepRecovery(recovering(us, [ap, eu], [ap, eu], bug));
  }
  expect(us.database.recovery.state).toBe('sound');
  await rounds();
  const ledgers =
    (word: string) =>
    ({ database }: SimRegion): boolean =>
      [...database.conflicts.values()].some(({ loser }) => JSON.stringify(loser).includes(word));
  return { words: regions.map((region) => [...wordsOf(region)].sort()), inLedger: regions.map(ledgers('lost')) };
};

describe('a word that its writer has lost, and a proposal that does not cover it', () => {
  it('is in every region: who was opened without who has it says nothing of what it knows, so that nobody commits (G6)', async () => {
    const { words } = await wordLostByItsWriter(null);
    expect(words).toEqual([1, 2, 3].map(() => ['first', 'lost']));
  });

  it('would be in the ledger of who heard it and of who asked that one without that, and be shown nowhere', async () => {
    const { words, inLedger } = await wordLostByItsWriter('known-while-holding');
    expect(words).toEqual([1, 2, 3].map(() => ['first']));
    expect(inLedger).toEqual([true, false, true]);
  });
});
