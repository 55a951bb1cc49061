import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { begin, hear, insert, shown, stateOf, wordsOf, write } from './one-document.ts';
import type { PlantedBug } from './planted-bugs.ts';

/** "ap" hears what "us" did to a document of "eu", and of "eu" nothing but the definition. */
const toldOfTheSecondFirst = async (bug: PlantedBug | null = null) => {
  const regions = await begin(bug);
  const { ap, eu, us } = regions;
  for (const region of [us, ap]) await hear(region, eu);
  await write(eu, { op: 'put', value: { words: ['first'] } });
  await hear(us, eu);
  await write(us, insert('second'));
  await hear(ap, us);
  return regions;
};

const toldToAll = async ({ ap, eu, us }: Awaited<ReturnType<typeof begin>>): Promise<void> => {
  for (const to of [ap, eu, us]) for (const from of [ap, eu, us]) if (to !== from) await hear(to, from);
  for (const region of [ap, us]) expect(stateOf(region).facts.digest).toBe(stateOf(eu).facts.digest);
};

describe('a document whose change is heard before its beginning', () => {
  it('shows nothing that no region wrote (N1)', async () => {
    const regions = await toldOfTheSecondFirst();
    expect(shown(regions.ap)).toBeNull();
    await toldToAll(regions);
    expect(wordsOf(regions.ap)).toEqual(['second', 'first']);
  });

  const writes: [string, WriteCommand, string[]][] = [
    ['an edit of a list', insert('third'), ['first', 'second', 'third']],
    ['a patch', { op: 'patch', value: { words: ['third'] } }, ['first', 'second', 'third']],
    ['a whole document', { op: 'put', value: { words: ['third'] } }, ['first', 'second', 'third']],
  ];
  it.each(writes)('takes %s beside what is still to come, in one list (N2)', async (_, command, words) => {
    const regions = await toldOfTheSecondFirst();
    await write(regions.ap, command);
    expect(wordsOf(regions.ap)).toEqual(['third']);
    await toldToAll(regions);
    expect([...wordsOf(regions.eu)].sort()).toEqual(words);
    expect(stateOf(regions.eu).facts.conflicts).toBe(0);
  });

  it('loses nothing of what waits for that beginning to who writes without having seen it (N4)', async () => {
    const regions = await begin();
    const { ap, eu, us } = regions;
    for (const region of [us, ap]) await hear(region, eu);
    await write(eu, { op: 'put', value: { words: [] } });
    await hear(us, eu);
    await write(us, insert('second'));
    await hear(ap, us);
    await write(ap, { op: 'put', value: { words: [], name: 'a' } });
    await toldToAll(regions);
    expect(wordsOf(ap)).toEqual(['second']);
  });

  it('would be refused an edit, or begun twice, by who writes it as if it had no beginning', async () => {
    const regions = await toldOfTheSecondFirst('beginning-unheeded');
    await expect(write(regions.ap, insert('third'))).rejects.toMatchObject({ code: 'invalid_input' });
    await write(regions.ap, { op: 'put', value: { words: ['third'] } });
    await toldToAll(regions);
    expect(stateOf(regions.eu).facts.conflicts).toBe(1);
  });

  it('is told whole by who writes it then, so that nobody waits for what that one lacked (N3)', async () => {
    const regions = await toldOfTheSecondFirst();
    await write(regions.ap, insert('third'));
    const alone = (await begin()).us;
    await hear(alone, regions.ap);
    expect(stateOf(alone).stored.state).toMatchObject({ value: { words: ['third'] } });
  });

  it('waits, where it is of a history that another region has begun', async () => {
    const { ap, us } = await toldOfTheSecondFirst();
    const event = us.log().at(-1)!;
    const { change, ...told } = event.data as unknown as DocumentChanged;
    const generation = { number: 1, id: '1735689600009.0000.eu', covers: {} };
    await ap.take('us', [{ ...event, id: 'later', data: { ...told, change: { ...change, generation } } as never }], {
      epoch: 1,
      sequence: us.log().length + 1,
    });
    expect(shown(ap)).toBeNull();
    await expect(write(ap, insert('third'))).rejects.toMatchObject({ code: 'not_yet_here', retryAfterSeconds: 1 });
  });
});
