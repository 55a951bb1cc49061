import type { LedgerEntry } from '@lapidary/replication/collections/collection-store';
import { begin, hear, write } from './one-document.ts';
import type { SimRegion } from './sim-region.ts';

/** Of one origin's log, as what was held for its time comes to pass: single events, in an order that isn't the origin's. */
const hearSome = async (to: SimRegion, from: SimRegion, which: readonly number[]): Promise<void> => {
  const log = from.log();
  await to.take(
    from.name,
    which.map((index) => log[index]!),
    { epoch: from.database.epoch, sequence: log.length },
  );
};

/**
 * "ap" puts an object where "us" has put another one without having heard of it, writes into it once more, sees it lose, and takes both away. Returns
 * which losers "us" has a row of, by the order in which it hears those three of "ap".
 */
const losersHeard = async (order: readonly number[]): Promise<readonly (readonly string[])[]> => {
  const { ap, eu, us } = await begin();
  for (const region of [ap, us]) await hear(region, eu);
  await write(us, { op: 'put', value: { words: [] } });
  await hear(ap, us);
  const before = ap.log().length;
  await write(ap, { op: 'patch', value: { box: { first: 1 } } });
  await write(ap, { op: 'patch', value: { box: { second: 2 } } });
  // Of two objects the one of the later operation is shown.
  for (const word of ['a', 'b', 'c']) await write(us, { op: 'patch', value: { [word]: 1 } });
  await write(us, { op: 'patch', value: { box: { ofUs: 1 } } });
  await hear(ap, us);
  await write(ap, { op: 'patch', value: { box: null } });
  for (const index of order) await hearSome(us, ap, [before + index]);
  const valueOf = ({ loser }: LedgerEntry): readonly string[] => Object.keys(loser.value as object).sort();
  return [...us.database.conflicts.values()].filter(({ field }) => field === 'box').map(valueOf);
};

describe('a loser that somebody wrote into before it was taken away', () => {
  it.each([
    ['in order', [0, 1, 2]],
    ['its end first', [2, 0, 1]],
    ['its end before the last write into it', [0, 2, 1]],
    ['backwards', [2, 1, 0]],
  ])('is in the ledger as who took it away saw it, where it is heard %s', async (_, order) => {
    expect(await losersHeard(order)).toContainEqual(['first', 'second']);
  });

  it('has one row where all is heard in order', async () => {
    expect(await losersHeard([0, 1, 2])).toEqual([['first', 'second']]);
  });
});
