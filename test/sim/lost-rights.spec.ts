import { CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import { keyText, type DocumentKey } from '@lapidary/replication/collections/collection-store';
import { defineCollection, resolveDefinition } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { rightsOf, valueOfCounter, type CounterOperation } from '@lapidary/replication/merge/counter';
import { begin, hear } from './one-document.ts';
import { Bugs, type PlantedBug } from './planted-bugs.ts';
import { declareLost, stepGivenUp } from './sim-given-up.ts';
import type { SimRegion } from './sim-region.ts';

const stock: DocumentKey = { collection: 'stock', kind: 'counter', tenant: '', id: 'a' };
const quietly = { reached: () => undefined, answers: () => false };
const budgets = { documentBytes: 49_152, documents: 100_000, changes: 10_000 };

const operate = async (region: SimRegion, operation: CounterOperation): Promise<void> =>
  await region.inTx(async (tx) => {
    const defined = resolveDefinition(await tx.definition('stock'))!;
    const command = { op: 'operate', operations: [operation] } as const;
    await executeWrite(tx, region.site, stock, defined, command, { actor: 'test', requestId: 'test' });
  });

/** "ap" has ten, gives six of them to "eu", which alone hears of it, and is lost; its successor is "us", which gives it up. Returns what each of the two believes. */
const inherited = async (bug: PlantedBug | null) => {
  const { ap, eu, us } = await begin(bug);
  const policy = CollectionPolicySchema.parse({ kind: 'counter', bounded: true });
  await ap.inTx(async (tx) => void (await defineCollection(tx, ap.site, 'stock', { scope: 'fleet', policy, budgets })));
  await operate(ap, { op: 'add', units: 10 });
  for (const region of [eu, us]) await hear(region, ap);
  await operate(ap, { op: 'give', units: 6, to: 'eu' });
  await hear(eu, ap);
  const bugs = new Bugs(bug);
  expect(await declareLost(us, 'ap', 'us', 'decision', bugs)).toBe(true);
  // It hurries.
  for (let step = 0; step < 4; step++) await stepGivenUp({ region: us, bugs, ...quietly });
  for (let round = 0; round < 8; round++)
    for (const [region, other] of [
      [us, eu],
      [eu, us],
    ] as const) {
      await stepGivenUp({ region, bugs, ...quietly });
      await hear(other, region);
    }
  for (const [region, other] of [
    [eu, us],
    [us, eu],
  ] as const)
    await hear(region, other);
  return [eu, us].map(({ database }) => {
    const { state } = database.documents.get(keyText(stock))!.stored;
    return state.kind === 'counter' ? { value: valueOfCounter(state), rights: rightsOf(state) } : null;
  });
};

const right = { value: 10, rights: { ap: 0, eu: 6, us: 4 } };
/** Six can be sold twice. */
const twice = { value: 10, rights: { ap: -6, eu: 6, us: 10 } };

describe('rights that a lost region had given away last, which one other region alone had heard', () => {
  it('are that one’s, and the rest is the successor’s (RG4, RG8)', async () => {
    expect(await inherited(null)).toEqual([right, right]);
  });

  it('would be the successor’s, too, if nobody told it of them', async () => {
    expect(await inherited('unrecalled')).toEqual([twice, { value: 10, rights: { ap: 0, us: 10 } }]);
  });

  it('would be the successor’s, too, if it did not wait for the other one', async () => {
    expect(await inherited('inherited-early')).toEqual([twice, twice]);
  });
});
