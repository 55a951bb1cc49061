import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { readEvents } from '@lapidary/replication/read-events';
import { showCollection } from '../collections/collection-row.js';
import { commitHistories, proposeHistories, type HistoryTools } from '../collections/renew-histories.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { takeInOne } from './ingest.js';
import { HouseKeeping } from './testing/house-keeping.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { logOf, toolsOf } from './testing/two-regions.js';

let mesh: Mesh;
let house: HouseKeeping;
let eu: CollectionRegion;
let us: CollectionRegion;
let ap: CollectionRegion;

beforeEach(async () => {
  mesh = await openMesh(3);
  house = new HouseKeeping(mesh);
  // By name: the first proposes for collections of the fleet.
  [eu, us, ap] = mesh.regions.map((region) => new CollectionRegion(region)) as [CollectionRegion, CollectionRegion, CollectionRegion];
  await eu.define('profiles', definitionOf({ kind: 'document', genesis: { words: [] }, text: [] }));
  await house.everywhere('the definition', async (r) => (await rowsOf(r.dataSource, 'SELECT 1 FROM collection')).length > 0);
});
afterEach(async () => mesh.close());

const toolsFor = ({ region, site }: CollectionRegion): HistoryTools => ({ ...house.toolsFor(region), nested: site.nested });
const insert = (word: string): WriteCommand => ({
  op: 'operate',
  operations: [{ op: 'insert', path: ['words'], index: 0, values: [word] }],
});
const words = async (r: CollectionRegion): Promise<string[]> =>
  ((await r.value('profiles', 'a')) as { readonly words: string[] }).words.toSorted();
const rowOf = async (r: CollectionRegion) =>
  (
    await rowsOf<{ generation: number; bytes: number; changes: number; next: string | null }>(
      r.region.dataSource,
      `SELECT coalesce((state->'generation'->>'number')::int, 0) AS generation, octet_length(automerge) AS bytes,
              (state->>'changes')::int AS changes, state->'next'->>'id' AS next FROM document WHERE id = 'a'`,
    )
  )[0];
const inGeneration = async (generation: number): Promise<void> =>
  house.everywhere('the generation', async (r) => (await rowOf(new CollectionRegion(r)))?.generation === generation);
/** Everybody knows of the proposal that the first region knows of. */
const isProposed = async (): Promise<void> => {
  const { next } = (await rowOf(eu))!;
  expect(next).not.toBeNull();
  await house.everywhere('the proposal', async (r) => (await rowOf(new CollectionRegion(r)))?.next === next);
};
const cut = async (one: CollectionRegion, others: readonly CollectionRegion[]): Promise<void> => {
  for (const other of others) {
    await mesh.cut(one.region, other.region);
    await mesh.cut(other.region, one.region);
  }
};
const heal = (one: CollectionRegion, others: readonly CollectionRegion[]): void => {
  for (const other of others) {
    mesh.join(one.region, other.region);
    mesh.join(other.region, one.region);
  }
};
/** Edited so often that most of it is history. */
const edited = async (): Promise<void> => {
  await eu.write('profiles', 'a', { op: 'put', value: { words: ['first'], notes: '' } });
  for (let n = 0; n < 40; n++) {
    const notes = Array.from({ length: 12 }, () => Math.random().toString(36)).join('');
    await eu.write('profiles', 'a', { op: 'patch', value: { notes } });
  }
  await house.equal();
};

it('a long history begins anew once every region knows of it, with what was written meanwhile in both forms (G1–G5)', async () => {
  await edited();
  const before = await rowOf(us);
  expect(await proposeHistories(toolsFor(eu))).toBe(0); // nobody has said that it understands
  await house.declare();
  expect((await showCollection(eu.region.dataSource, 'profiles')).histories).toMatchObject({ due: 1, proposed: 0 });
  expect(await proposeHistories(toolsFor(us))).toBe(0); // the first by name proposes
  expect(await proposeHistories(toolsFor(eu))).toBe(1);
  await isProposed();
  await us.write('profiles', 'a', insert('by us'));
  await ap.write('profiles', 'a', insert('by ap'));
  await house.equal();
  expect(await commitHistories(toolsFor(eu))).toBe(0); // not known to be known
  await house.declare();
  await us.write('profiles', 'a', insert('late by us'));
  expect(await commitHistories(toolsFor(eu))).toBe(1);
  await inGeneration(1);
  await house.equal();
  const after = await rowOf(us);
  expect(after!.bytes * 4).toBeLessThan(before!.bytes);
  for (const region of [eu, us, ap]) expect(await words(region)).toEqual(['by ap', 'by us', 'first', 'late by us']);
  await ap.write('profiles', 'a', insert('after'));
  await house.equal();
  expect(await words(eu)).toContain('after');
  expect(await rowsOf(eu.region.dataSource, 'SELECT 1 FROM conflict')).toEqual([]);
});

it('a region that is cut off holds it back, and what it wrote without knowing of it is not lost: the next proposal has it', async () => {
  await edited();
  await house.declare();
  await cut(ap, [eu, us]);
  expect(await proposeHistories(toolsFor(eu))).toBe(1);
  await ap.write('profiles', 'a', insert('alone'));
  await house.declare([eu.region, us.region]);
  expect(await commitHistories(toolsFor(eu))).toBe(0);
  heal(ap, [eu, us]);
  await house.equal();
  await house.declare();
  expect(await commitHistories(toolsFor(eu))).toBe(0); // broken
  expect(await proposeHistories(toolsFor(eu))).toBe(1);
  await isProposed();
  await house.declare();
  expect(await commitHistories(toolsFor(eu))).toBe(1);
  await inGeneration(1);
  await house.equal();
  expect(await words(us)).toEqual(['alone', 'first']);
});

it('a change of a history that has ended without it, as a forged or forgetful region tells it, is in the ledger and changes nothing (I6)', async () => {
  await edited();
  await house.declare();
  expect(await proposeHistories(toolsFor(eu))).toBe(1);
  await isProposed();
  await house.declare();
  expect(await commitHistories(toolsFor(eu))).toBe(1);
  await inGeneration(1);
  const [told] = (await logOf(eu.region)).filter((e) => e.subject === 'document/profiles//a');
  const at = `${String(Date.now()).padStart(13, '0')}.0000.${ap.region.name}`;
  const { alive, generation: _, ...change } = (told!.data as { change: { alive: { seen: object }; generation?: unknown } }).change;
  const data = {
    ...told!.data,
    change: { ...change, alive: { siblings: [{ at, value: true }], seen: { ...alive.seen, [ap.region.name]: at } } },
  };
  const [head] = await rowsOf<{ n: string }>(us.region.dataSource, 'SELECT sequence AS n FROM version_vector WHERE origin = $1', [
    eu.region.name,
  ]);
  const forged = { ...told!, id: `${told!.id}x`, data, originsequence: Number(head!.n) + 1 };
  let late = 0;
  for (const incoming of readEvents(eu.region.name, [forged])) {
    const tools = toolsOf(us.region);
    await inTransaction(us.region.dataSource, async (tx) =>
      takeInOne(tx, eu.region.name, incoming, { ...tools, collections: { ...tools.collections, onLate: () => void late++ } }),
    );
  }
  expect(late).toBe(1);
  expect(await words(us)).toEqual(['first']);
  expect(await rowsOf(us.region.dataSource, `SELECT loser->>'at' AS at FROM conflict`)).toEqual([{ at }]);
});
