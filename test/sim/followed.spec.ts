import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { begin, hear, insert, stateOf, upkeepOf, wordsOf, write } from './one-document.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { keepHistories, keepHouse } from './sim-upkeep.ts';

/**
 * "eu" has purged a document, which is a proposal that all know of. Returns the three, with "eu" as who begins it again and "us" as who has heard that:
 * in the history that is proposed this changes nothing of what all have it begin with.
 */
const begunAgain = async (bug: PlantedBug | null = null) => {
  const { ap, eu, us } = await begin(bug);
  const regions = [ap, eu, us];
  const toldToAll = async (): Promise<void> => {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  };
  const round = async (purges: boolean): Promise<void> => {
    for (const region of regions) {
      const others = regions.filter((r) => r !== region);
      await keepHouse(upkeepOf(region, others, null, purges && region === eu));
    }
    await toldToAll();
  };
  await toldToAll();
  await write(eu, { op: 'put', value: { words: ['of old'] } });
  await write(eu, { op: 'delete' });
  await toldToAll();
  await round(false);
  await round(true);
  await write(eu, { op: 'put', value: { words: [] } });
  await hear(us, eu);
  /** Until everybody has heard everything, and "eu" has ended the old history. */
  const committed = async (): Promise<void> => {
    await toldToAll();
    for (let i = 0; i < 3; i++) await round(false);
    await keepHistories(upkeepOf(eu, [ap, us], null, false));
    await toldToAll();
    expect(
      regions.map((region) => (stateOf(region).stored.state as unknown as { generation?: { number: number } }).generation?.number),
    ).toEqual([1, 1, 1]);
  };
  return { ap, eu, us, regions, committed };
};

describe('a write beside one that waits in the history that holds (G8)', () => {
  const writes: [string, WriteCommand][] = [
    ['an edit of a list', insert('of ap')],
    ['a whole document', { op: 'put', value: { words: ['of ap'] } }],
    ['a patch', { op: 'patch', value: { words: ['of ap'] } }],
  ];
  it.each(writes)('takes nothing of that one away in the history which is proposed: %s', async (_, command) => {
    const { ap, us, regions, committed } = await begunAgain();
    await write(ap, { op: 'put', value: { words: [] } });
    await write(us, insert('of us'));
    await hear(ap, us);
    await write(ap, command);
    expect(wordsOf(ap)).toEqual(['of ap']);
    await committed();
    for (const region of regions) expect(wordsOf(region).toSorted()).toEqual(['of ap', 'of us']);
  });

  it('would take it away without a word if what it follows were no change of both', async () => {
    const { ap, us, regions, committed } = await begunAgain('answer-unfollowed');
    await write(ap, { op: 'put', value: { words: [] } });
    await write(us, insert('of us'));
    await hear(ap, us);
    await write(ap, insert('of ap'));
    await committed();
    for (const region of regions) {
      expect(wordsOf(region)).toEqual(['of ap']);
      expect([...region.database.conflicts.values()].filter((entry) => JSON.stringify(entry).includes('of us'))).toEqual([]);
    }
  });

  it('writes nothing a second time where only the proposed history would have had a change to follow', async () => {
    const { ap, eu, us, regions, committed } = await begunAgain();
    await write(eu, { op: 'delete' });
    for (const region of [ap, us]) await hear(region, eu);
    // It is what it was before, and there again.
    await write(us, { op: 'put', value: { words: [] } });
    await hear(eu, us);
    await write(eu, insert('of eu'));
    await hear(ap, eu);
    await write(ap, insert('of ap'));
    await committed();
    for (const region of regions) expect(wordsOf(region).toSorted()).toEqual(['of ap', 'of eu']);
  });
});
