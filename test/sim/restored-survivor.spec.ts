import { begin, hear, recovering } from './one-document.ts';
import { Bugs } from './planted-bugs.ts';
import { declareLost, lostTo, stepGivenUp } from './sim-given-up.ts';
import { stepRecovery } from './sim-recovery.ts';

describe('a region that remains, and that is restored to before it agreed that another one is lost', () => {
  it('agrees anew, though it hears that one, which stays given up (RG2, RG10)', async () => {
    const { ap, eu, us } = await begin();
    const parts = { bugs: new Bugs(null), reached: () => undefined };
    for (const region of [ap, us]) await hear(region, eu);
    eu.backUp();
    await declareLost(us, 'ap', 'us', 'decision', parts.bugs);
    const round = async (answers: () => boolean): Promise<void> => {
      for (const [region, other] of [
        [us, eu],
        [eu, us],
      ] as const) {
        await stepGivenUp({ ...parts, region, answers });
        await hear(other, region);
      }
    };
    for (let i = 0; i < 8; i++) await round(() => false);
    await eu.restore('elsewhere');
    expect([...lostTo(eu.database)]).toEqual([]);
    for (let i = 0; i < 4; i++) {
      await hear(eu, us);
      await stepRecovery(recovering(eu, [us]));
    }
    expect([eu.database.recovery.state, eu.believes('ap')]).toEqual(['sound', false]);
    for (let i = 0; i < 3; i++) await round(() => true);
    for (const { database } of [eu, us]) {
      expect([[...lostTo(database)], [...database.fenced]]).toEqual([['ap'], ['ap']]);
      const words = [...database.givenUp.values()].flatMap((told) => told.words.filter((w) => w.region === 'eu').map((w) => w.answer));
      expect(words.toSorted()).toEqual(['agrees', 'recalled']);
    }
  });
});
