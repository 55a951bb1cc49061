import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { regionDecisions } from '../regions/given-up-rows.js';
import { openMesh, type Mesh } from '../replication/testing/mesh.js';
import { LostRegion } from './lost-region.fixture.js';

const soon = { timeoutMs: 30_000 };

let mesh: Mesh;
let fleet: LostRegion;
/** `ap` is lost. */
let [ap, eu, us]: TestRegion[] = [];
beforeEach(async () => {
  mesh = await openMesh(3);
  [ap, eu, us] = mesh.regions;
  fleet = new LostRegion(mesh, ap!);
  for (const r of [eu!, us!]) await heard(r);
});
afterEach(async () => mesh.close());

const times = async (r: TestRegion): Promise<number> =>
  Number((await rowsOf<{ heard: string }>(r.dataSource, 'SELECT heard FROM version_vector WHERE origin = $1', [ap!.name]))[0]?.heard ?? 0);
/** Once more than before. */
const heard = async (r: TestRegion): Promise<void> => {
  const before = await times(r);
  await waitFor(`${r.name} to hear it`, async () => (await times(r)) > before || undefined, soon);
};
const words = async (r: TestRegion): Promise<string[]> =>
  (await rowsOf<{ word: string }>(r.dataSource, `SELECT region || ' ' || answer AS word FROM given_up_word ORDER BY 1`)).map((w) => w.word);
const isKnownIn = async (r: TestRegion, word: string): Promise<void> =>
  void (await waitFor(`"${word}" in ${r.name}`, async () => (await words(r)).includes(word) || undefined, soon));

describe('RG1: a region that was heard by one that remains', () => {
  it('some minutes before anybody gave it up: is waited for, neither objected to nor agreed with, until ten minutes have passed', async () => {
    await fleet.lose(eu!, us!);
    await fleet.heardAgo(us!, '5 minutes');
    await fleet.declare(eu!, us!);
    await isKnownIn(us!, `${eu!.name} agrees`);
    for (let n = 0; n < 3; n += 1) await fleet.step(us!);
    expect(await words(us!)).toEqual([`${eu!.name} agrees`]);
    expect(await fleet.standing(us!)).toMatchObject({ state: 'declared', waitingFor: [us!.name] });
    await fleet.heardAgo(us!, '601 seconds');
    await fleet.stands('inherited', eu!, us!);
  });

  it('at a time that is in its future, since its clock was set back: holds nothing up for longer than ten minutes', async () => {
    await fleet.lose(eu!, us!);
    await fleet.heardAgo(us!, '-1 year');
    await fleet.declare(eu!, us!);
    await isKnownIn(us!, `${eu!.name} agrees`);
    for (let n = 0; n < 3; n += 1) await fleet.step(us!);
    expect(await words(us!)).toEqual([`${eu!.name} agrees`]);
    const [row] = await rowsOf<{ soon: boolean }>(
      us!.dataSource,
      `SELECT confirmed_at BETWEEN now() - interval '1 minute' AND now() AS soon FROM version_vector WHERE origin = $1`,
      [ap!.name],
    );
    expect(row).toEqual({ soon: true });
    await fleet.heardAgo(us!, '11 minutes');
    await fleet.stands('inherited', eu!, us!);
  });

  it('at such a time by the clock of the one that is asked to give it up: is given up there ten minutes after that was seen', async () => {
    await fleet.lose(eu!, us!);
    await fleet.heardAgo(eu!, '-1 year');
    await fleet.step(eu!);
    await expect(fleet.declare(eu!, us!)).rejects.toThrow('was heard by region');
    await fleet.heardAgo(eu!, '11 minutes');
    await fleet.declare(eu!, us!);
  });

  it('long ago by a clock that was set forward, and answers: is asked before anybody agrees, and objected for', async () => {
    await fleet.lose(eu!, us!);
    fleet.answering.add(us!);
    await fleet.declare(eu!, us!);
    await isKnownIn(us!, `${eu!.name} agrees`);
    await fleet.step(us!);
    for (const r of [eu!, us!]) await isKnownIn(r, `${us!.name} objects`);
    expect(await fleet.standing(eu!)).toBeUndefined();
  });

  it('after it knew of the decision, whatever the clocks say: voids that decision alone, which is shown, and can be made again', async () => {
    await fleet.lose(eu!);
    const first = await fleet.declare(eu!, us!);
    await isKnownIn(us!, `${eu!.name} agrees`);
    await fleet.step(us!);
    await heard(us!);
    // It was heard just now, and a clock that is set forward by an hour says that it was long ago.
    await fleet.heardAgo(us!, '1 hour');
    await fleet.step(us!);
    await isKnownIn(eu!, `${us!.name} objects`);
    for (const r of [eu!, us!]) {
      const { standings, voids } = await regionDecisions(r.dataSource);
      expect(standings.size).toBe(0);
      expect(voids.get(ap!.name)).toMatchObject({ id: first.id, objectors: [us!.name] });
    }
    await fleet.lose(us!);
    const second = await fleet.declare(eu!, us!);
    await fleet.stands('inherited', eu!, us!);
    for (const r of [eu!, us!]) {
      expect((await fleet.standing(r))!.id).toBe(second.id);
      expect((await regionDecisions(r.dataSource)).voids.size).toBe(0);
    }
  });
});
