import type { LedgerEntry } from '@lapidary/replication/collections/collection-store';
import type { NestedState } from '@lapidary/replication/collections/document-state';
import { commitGeneration, ownProposal, proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { begin, hear, insert, key, policy, stateOf, write } from './one-document.ts';

const by = { actor: 'test', requestId: 'test' };

/**
 * "ap" writes into a box of its own, and `more`, in a history that "eu" ends without having heard of that, as may be after restores. The box of
 * "us" takes the place of that one, which "ap" alone ever sees. Returns what has lost at that place, by region.
 */
const lostInWhatHasEnded = async (more: boolean) => {
  const { ap, eu, us } = await begin();
  const regions = [ap, eu, us];
  for (const region of [ap, us]) await hear(region, eu);
  await write(eu, { op: 'put', value: { words: [] } });
  for (const region of [ap, us]) await hear(region, eu);
  await write(ap, { op: 'patch', value: { box: { ofAp: 1 } } });
  if (more) await write(ap, insert('of ap'));
  // Of two objects the one of the later operation is shown.
  for (const word of ['a', 'b', 'c', 'd']) await write(us, { op: 'patch', value: { [word]: 1 } });
  await write(us, { op: 'patch', value: { box: { ofUs: 1 } } });
  await hear(eu, us);
  await eu.inTx(async (tx) => proposeGeneration(tx, eu.site, key, policy, ['ap', 'us'], by));
  await hear(ap, us);
  await hear(ap, eu);
  const proposal = ownProposal(stateOf(eu).stored.state as unknown as NestedState, 'eu')!;
  await eu.inTx(async (tx) => commitGeneration(tx, eu.site, key, policy, proposal, by));
  await hear(us, eu);
  for (let i = 0; i < 2; i++) for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  expect(new Set(regions.map((region) => stateOf(region).facts.digest)).size).toBe(1);
  const valueOf = ({ loser }: LedgerEntry): readonly string[] => Object.keys(loser.value as object);
  return regions.map(({ database }) => [...database.conflicts.values()].filter(({ field }) => field === 'box').map(valueOf));
};

describe('what a region wrote in a history that had ended, and what lost in it', () => {
  it.each([
    ['beside something that is shown', true],
    ['alone', false],
  ])('is in every region’s ledger: %s', async (_, more) => {
    expect(await lostInWhatHasEnded(more)).toEqual([[['ofAp']], [['ofAp']], [['ofAp']]]);
  });
});
