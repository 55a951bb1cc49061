import { CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import { keyText, type DocumentKey } from '@lapidary/replication/collections/collection-store';
import { viewState } from '@lapidary/replication/collections/document-state';
import { defineCollection, resolveDefinition } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { Carried } from './effects.ts';
import { Bugs, type PlantedBug } from './planted-bugs.ts';
import { Random } from './random.ts';
import { forceOpen, stepRecovery, type RecoveryParts } from './sim-recovery.ts';
import { SimRegion } from './sim-region.ts';

const key: DocumentKey = { collection: 'lww', kind: 'lww', tenant: '', id: 'a' };
const policy = CollectionPolicySchema.parse({ kind: 'lww' });
const budgets = { documentBytes: 49_152, documents: 100_000, changes: 10_000 };

/**
 * "eu", whose clock is three seconds ahead, writes last what "us" alone hears. It is restored under a right clock, opened by a person without "us", and
 * writes the same field anew; then "us" is heard. Returns what each region shows.
 */
const writtenAfterRestore = async (bug: PlantedBug | null): Promise<unknown[]> => {
  let nowMs = 1_735_689_600_000;
  const bugs = new Bugs(bug);
  const open = (name: string) =>
    new SimRegion(
      name,
      () => ++nowMs,
      new Random(1),
      bugs,
      new Carried(),
      () => undefined,
    );
  const regions = ['ap', 'eu', 'us'].map(open);
  const [ap, eu, us] = regions as [SimRegion, SimRegion, SimRegion];
  for (const region of regions) region.calm();
  const hear = async (to: SimRegion, from: SimRegion): Promise<void> => {
    const { epoch } = from.database;
    if ((to.database.vector.get(from.name)?.epoch ?? 1) < epoch) await to.adopt(from.name, epoch);
    const log = from.log();
    await to.take(from.name, log, { epoch, sequence: log.length });
  };
  const write = async (price: number): Promise<void> =>
    await eu.inTx(async (tx) => {
      const defined = resolveDefinition(await tx.definition('lww'))!;
      await executeWrite(tx, eu.site, key, defined, { op: 'put', value: { price } }, { actor: 'test', requestId: 'test' });
    });
  await eu.inTx(async (tx) => void (await defineCollection(tx, eu.site, 'lww', { scope: 'fleet', policy, budgets })));
  for (const peer of [ap, us]) await hear(peer, eu);
  eu.backUp();
  eu.skewMs = 3_000;
  await write(1);
  await hear(us, eu);
  eu.skewMs = 0;
  await eu.restore('elsewhere');
  const parts = (reached: readonly SimRegion[]): RecoveryParts => ({
    ...{ region: eu, peers: [ap, us], bugs, reached: () => undefined },
    reaches: (peer) => reached.some(({ name }) => name === peer),
  });
  await stepRecovery(parts([ap]));
  await forceOpen(parts([ap]));
  await stepRecovery(parts([ap]));
  expect(eu.database.recovery.state).toBe('holding');
  await write(2);
  for (let round = 0; round < 3; round++) {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
    await stepRecovery(parts([ap, us]));
    // What is further ahead than clocks differ by is held until then.
    nowMs += 120_000;
    for (const region of regions) await region.releaseHeld();
  }
  expect(eu.database.recovery.state).toBe('sound');
  return regions.map(({ database }) => viewState(database.documents.get(keyText(key))!.stored.state, policy)?.value);
};

describe('what a restored region writes', () => {
  it('takes the place of what it had written before, of which it knows nothing (B6)', async () => {
    expect(await writtenAfterRestore(null)).toEqual([{ price: 2 }, { price: 2 }, { price: 2 }]);
  });

  it('would be lost without the floor of its times', async () => {
    expect(await writtenAfterRestore('floor-forgotten')).toEqual([{ price: 1 }, { price: 1 }, { price: 1 }]);
  });
});
