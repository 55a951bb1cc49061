import { CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { keyText, type DocumentKey } from '@lapidary/replication/collections/collection-store';
import { viewState } from '@lapidary/replication/collections/document-state';
import { defineCollection, resolveDefinition } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { Carried } from './effects.ts';
import { Bugs } from './planted-bugs.ts';
import { Random } from './random.ts';
import { SimRegion } from './sim-region.ts';

const key: DocumentKey = { collection: 'document', kind: 'document', tenant: '', id: 'a' };
const policy = CollectionPolicySchema.parse({ kind: 'document', genesis: { words: [] } });
const budgets = { documentBytes: 49_152, documents: 100_000, changes: 10_000 };

const begin = async () => {
  let nowMs = 1_735_689_600_000;
  const regions = Object.fromEntries(
    ['ap', 'eu', 'us'].map((n) => [
      n,
      new SimRegion(
        n,
        () => ++nowMs,
        new Random(1),
        new Bugs(null),
        new Carried(),
        () => undefined,
      ),
    ]),
  ) as Record<'ap' | 'eu' | 'us', SimRegion>;
  await regions.eu.inTx(async (tx) => void (await defineCollection(tx, regions.eu.site, 'document', { scope: 'fleet', policy, budgets })));
  return regions;
};

const hear = async (to: SimRegion, from: SimRegion): Promise<void> => {
  const log = from.log();
  await to.take(from.name, log, { epoch: 1, sequence: log.length });
};

const write = async (region: SimRegion, command: WriteCommand): Promise<void> =>
  await region.inTx(async (tx) => {
    const defined = resolveDefinition(await tx.definition('document'))!;
    await executeWrite(tx, region.site, key, defined, command, { actor: 'test', requestId: 'test' });
  });

const insert = (word: string): WriteCommand => ({
  op: 'operate',
  operations: [{ op: 'insert', path: ['words'], index: 0, values: [word] }],
});
const stateOf = (region: SimRegion) => region.database.documents.get(keyText(key))!;

const shown = (region: SimRegion) => viewState(stateOf(region).stored.state, policy);
const wordsOf = (region: SimRegion): string[] => (shown(region)!.value as { words: string[] }).words;

/** "ap" hears what "us" did to a document of "eu", and of "eu" nothing but the definition. */
const toldOfTheSecondFirst = async () => {
  const regions = await begin();
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
