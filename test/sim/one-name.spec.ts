import { advanceHlc, formatHlc, parseHlc } from '@lapidary/kernel/hybrid-logical-clock';
import type { NestedState } from '@lapidary/replication/collections/document-state';
import { resolveDefinition } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { commitGeneration, ownProposal, proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { purgeDocument } from '@lapidary/replication/collections/purge-document';
import type { Site } from '@lapidary/replication/collections/collection-store';
import { begin, hear, insert, key, policy, stateOf, upkeepOf, wordsOf, write } from './one-document.ts';
import type { SimRegion } from './sim-region.ts';
import { keepHouse } from './sim-upkeep.ts';

const by = { actor: 'test', requestId: 'test' };
const nestedOf = (region: SimRegion): NestedState => stateOf(region).stored.state as unknown as NestedState;

/** A process that has just started, on a machine whose clock fell back to before everything: it knows no time but what it is told. */
const startedAnew = ({ site, name }: SimRegion): Site => ({
  ...site,
  tick: (after) => formatHlc(advanceHlc({ ms: 0, counter: 0, region: name }, 1, parseHlc(after) ?? undefined)),
});

/** "eu" has begun the history of a document anew, once, and everybody has heard of it. */
const begunAnew = async () => {
  const { ap, eu, us } = await begin();
  const regions = [ap, eu, us];
  const toldToAll = async (): Promise<void> => {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  };
  await toldToAll();
  await write(us, { op: 'put', value: { words: ['first'] } });
  await toldToAll();
  const others = ['ap', 'us'];
  const propose = async (): Promise<void> =>
    void (await eu.inTx(async (tx) => await proposeGeneration(tx, startedAnew(eu), key, policy, others, by)));
  const commit = async (): Promise<void> =>
    void (await eu.inTx(
      async (tx) => await commitGeneration(tx, startedAnew(eu), key, policy, ownProposal(nestedOf(eu), 'eu') ?? 'none', by),
    ));
  const known = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      for (const region of regions)
        await keepHouse(
          upkeepOf(
            region,
            regions.filter((r) => r !== region),
            null,
            false,
          ),
        );
      await toldToAll();
    }
  };
  await propose();
  await known();
  await commit();
  await toldToAll();
  return { ap, eu, us, propose, commit, known, toldToAll };
};

describe('the name of a proposal of a region whose clock fell back', () => {
  it('is later than that of the history that holds (G7)', async () => {
    const { eu, propose } = await begunAnew();
    const { generation } = nestedOf(eu);
    expect(generation?.number).toBe(1);
    await propose();
    expect(nestedOf(eu).next!.id > generation!.id).toBe(true);
  });

  it('is another one, so that what was written of the one before meets nothing of it', async () => {
    const { ap, eu, us, propose, commit, known, toldToAll } = await begunAnew();
    await propose();
    await toldToAll();
    await write(ap, insert('of ap'));
    await write(us, insert('of us'));
    await known();
    await commit();
    await known();
    await write(ap, insert('then'));
    await toldToAll();
    expect(nestedOf(eu).generation?.number).toBe(2);
    for (const region of [ap, eu, us]) expect(wordsOf(region).toSorted()).toEqual(['first', 'of ap', 'of us', 'then']);
  });

  it('is later when it purges, too', async () => {
    const { eu, toldToAll, known } = await begunAnew();
    const { generation } = nestedOf(eu);
    await eu.inTx(async (tx) => {
      await executeWrite(tx, startedAnew(eu), key, resolveDefinition(await tx.definition('document'))!, { op: 'delete' }, by);
    });
    await toldToAll();
    await known();
    await eu.inTx(async (tx) => await purgeDocument(tx, startedAnew(eu), key, ['ap', 'us'], { ...by, origin: 'eu' }));
    const { next } = eu.database.graves.values().next().value!.grave.contents!.state as unknown as NestedState;
    expect(next!.id > generation!.id).toBe(true);
  });
});
