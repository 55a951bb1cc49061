import { inTransaction } from '@lapidary/db/transaction';
import { rowsOf } from '@lapidary/db/rows';
import { keepWord } from '../regions/given-up-rows.js';
import { openMesh } from '../replication/testing/mesh.js';
import { readPosition } from '../replication/peer-position.js';
import { addOwnStamp } from '../recovery/testing/fleet-writes.js';
import { LostRegion } from './lost-region.fixture.js';

it('RG10: what all had agreed to stays, though one of them is restored to before that, and hears the lost one', async () => {
  const mesh = await openMesh(3);
  try {
    const [ap, eu, us] = mesh.regions as [(typeof mesh.regions)[0], (typeof mesh.regions)[0], (typeof mesh.regions)[0]];
    const fleet = new LostRegion(mesh, ap);
    await addOwnStamp(ap, `${ap.name}-1`);
    await fleet.lose(eu, us);
    const decision = await fleet.declare(us, us);
    await fleet.stands('inherited', eu, us);
    const fenced = async (): Promise<boolean[]> =>
      Promise.all([eu, us].map(async (r) => (await readPosition(r.dataSource, ap.name)).fenced));
    // As its backup had it, and the log of the other one tells it what it had heard.
    await eu.dataSource.query('DELETE FROM given_up_word WHERE region = $1', [eu.name]);
    await eu.dataSource.query('UPDATE version_vector SET fenced = false, heard = heard + 1 WHERE origin = $1', [ap.name]);
    const [word] = await rowsOf<{ told: Parameters<typeof keepWord>[2] }>(
      eu.dataSource,
      `SELECT told FROM given_up_word WHERE region = $1 AND answer = 'inherits'`,
      [us.name],
    );
    await inTransaction(eu.dataSource, async (tx) => keepWord(tx, decision, word!.told));
    expect(await fenced()).toEqual([true, true]);
    fleet.answering.add(eu);
    for (let step = 0; step < 3; step += 1) await fleet.step(eu, us);
    await fleet.stands('inherited', eu, us);
    const said = await rowsOf(eu.dataSource, 'SELECT answer FROM given_up_word WHERE region = $1 ORDER BY answer', [eu.name]);
    expect(said).toEqual([{ answer: 'agrees' }, { answer: 'recalled' }]);
    // Of a version that objected all the same.
    const objection = { region: eu.name, answer: 'objects' as const, heard: { epoch: 1, sequence: 1 }, peers: [us.name, ap.name] };
    for (const r of [eu, us]) await inTransaction(r.dataSource, async (tx) => keepWord(tx, decision, objection));
    expect(await fenced()).toEqual([true, true]);
    for (const r of [eu, us]) expect((await fleet.standing(r))?.state).toBe('inherited');
  } finally {
    await mesh.close();
  }
});
