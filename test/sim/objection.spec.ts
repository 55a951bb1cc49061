import { commitGeneration, proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { begin, hear, insert, key, policy, recovering, stateOf, wordsOf, write } from './one-document.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { stepRecovery } from './sim-recovery.ts';
import type { SimRegion } from './sim-region.ts';

const by = { actor: 'test', requestId: 'test' };

/**
 * "eu" hears that "us" has deleted the document, and so that there was a write of "ap", and not what that wrote. It writes the document anew, and begins its
 * history anew, as often as it must: what it proposes says to cover the write, and has not got it.
 */
const begunAnew = async (bug: PlantedBug | null, isFenced = false) => {
  const { ap, eu, us } = await begin(bug);
  const regions = [ap, eu, us];
  const toldToAll = async (): Promise<void> => {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  };
  await write(eu, { op: 'put', value: { words: ['first'] } });
  await toldToAll();
  await write(ap, insert('of ap'));
  await hear(us, ap);
  await write(us, { op: 'delete' });
  await hear(eu, us);
  await write(eu, { op: 'put', value: { words: ['again'] } });
  if (isFenced) {
    for (const region of [ap, us]) region.backUp();
    for (const region of [ap, us]) await region.restore('elsewhere');
  }
  let committed = 0;
  for (let round = 1; round <= 2 && committed === 0; round++) {
    await eu.inTx(async (tx) => void (await proposeGeneration(tx, eu.site, key, policy, ['ap', 'us'], by)));
    // Everybody hears of it, and eu what they have to say: now it may be committed (G4).
    await toldToAll();
    for (let i = 0; isFenced && i < 4; i++) {
      for (const region of [ap, us])
        await stepRecovery(
          recovering(
            region,
            regions.filter((r) => r !== region),
          ),
        );
      await toldToAll();
    }
    expect(regions.map(({ database }) => database.recovery.state)).toEqual(['sound', 'sound', 'sound']);
    const { state } = stateOf(eu).stored;
    const proposed = state.kind === 'document' ? (state.next?.id ?? '') : '';
    if ((await eu.inTx(async (tx) => commitGeneration(tx, eu.site, key, policy, proposed, by))) !== null) committed = round;
    await toldToAll();
  }
  return { regions, committed };
};

describe('a proposal that says to cover what it has not got', () => {
  const words = (regions: readonly SimRegion[]): string[][] => regions.map((region) => [...wordsOf(region)].sort());

  it('is objected to by who has it, and the next one has it, too (G2, G3)', async () => {
    const { regions, committed } = await begunAnew(null);
    expect(words(regions)).toEqual(regions.map(() => ['again', 'of ap']));
    expect(committed).toBe(2);
  });

  it('would be committed without that, and what it lacks be gone from every region without a word', async () => {
    const { regions, committed } = await begunAnew('objection-withheld');
    expect(words(regions)).toEqual(regions.map(() => ['again']));
    expect(committed).toBe(1);
    expect(
      regions.flatMap(({ database }) => [...database.conflicts.values()].filter(({ loser }) => JSON.stringify(loser).includes('of ap'))),
    ).toEqual([]);
  });

  it('is objected to by those that were fenced when it came, as they begin to write again (G6)', async () => {
    const { regions, committed } = await begunAnew(null, true);
    expect(words(regions)).toEqual(regions.map(() => ['again', 'of ap']));
    expect(committed).toBe(2);
  });

  it('would be committed where those forget', async () => {
    const { regions, committed } = await begunAnew('objection-forgotten', true);
    expect(words(regions)).toEqual(regions.map(() => ['again']));
    expect(committed).toBe(1);
  });
});
