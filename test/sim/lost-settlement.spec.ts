import { begin, hear, recovering, shown, write } from './one-document.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { stepRecovery } from './sim-recovery.ts';

/**
 * "ap" and "eu" put an object in one place without having heard of each other; "eu" sees both and takes them away, and then loses its database from
 * before all of that. Returns in whose ledgers is what had lost.
 */
const settledAndForgotten = async (bug: PlantedBug | null) => {
  const { ap, eu, us } = await begin(bug);
  const regions = [ap, eu, us];
  const toldToAll = async (): Promise<void> => {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  };
  await toldToAll();
  await write(eu, { op: 'put', value: { words: [] } });
  await toldToAll();
  eu.backUp();
  await write(ap, { op: 'patch', value: { box: { ofAp: 1 } } });
  await write(eu, { op: 'patch', value: { box: { ofEu: 1 } } });
  await hear(eu, ap);
  await write(eu, { op: 'patch', value: { box: null } });
  await toldToAll();
  await eu.restore('elsewhere');
  for (const peer of [ap, us]) await hear(eu, peer);
  for (let i = 0; i < 3; i++) await stepRecovery(recovering(eu, [ap, us], [ap, us], bug));
  await toldToAll();
  expect([eu.database.recovery.state, eu.database.epoch]).toEqual(['sound', 2]);
  for (const region of regions) expect(shown(region)?.value).toEqual({ words: [] });
  return regions.map(({ database }) =>
    [...database.conflicts.values()].map(({ field, loser }) => [field, Object.keys(loser.value as object)]),
  );
};

describe('what a region had settled, and has forgotten with its database', () => {
  it('is in its ledger again, from that of the others', async () => {
    const [inAp, inEu, inUs] = await settledAndForgotten(null);
    expect(inAp).toEqual([['box', [expect.stringMatching(/^of(Ap|Eu)$/)]]]);
    expect([inEu, inUs]).toEqual([inAp, inAp]);
  });

  it('would be in the others’ alone if nobody asked for it', async () => {
    expect((await settledAndForgotten('ledger-unfetched')).map(({ length }) => length)).toEqual([1, 0, 1]);
  });
});
