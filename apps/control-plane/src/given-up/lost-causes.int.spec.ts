import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { causalTokenNow, waitForCausal } from '../collections/causal-wait.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { openMesh } from '../replication/testing/mesh.js';
import { LostRegion } from './lost-region.fixture.js';

const soon = { timeoutMs: 60_000 };
const patienceMs = 50;

it('who has seen in one region what a lost one said last is not kept waiting in another one, which never hears it', async () => {
  const mesh = await openMesh(3);
  try {
    const [ap, eu, us] = mesh.regions as [(typeof mesh.regions)[0], (typeof mesh.regions)[0], (typeof mesh.regions)[0]];
    const fleet = new LostRegion(mesh, ap);
    const of = new CollectionRegion(ap);
    await of.define('settings', definitionOf({ kind: 'lww' }));
    for (const r of [eu, us])
      await waitFor('the definition', async () => (await rowsOf(r.dataSource, 'SELECT 1 FROM collection'))[0], soon);
    await mesh.cut(us, ap);
    await of.write('settings', 'lamp', { op: 'put', value: { price: 1 } });
    await waitFor('the document', async () => (await rowsOf(eu.dataSource, 'SELECT 1 FROM document'))[0], soon);
    const token = await causalTokenNow(eu.dataSource, eu.name, 1, null);
    const arrives = async (): Promise<true> => waitForCausal(us.dataSource, us.name, token, patienceMs).then(() => true);
    await expect(arrives()).rejects.toThrow(`Not yet here: ${ap.name}`);
    await fleet.lose(eu, us);
    await fleet.declare(eu, us);
    await fleet.stands('inherited', eu, us);
    await waitFor('all that still comes', async () => arrives().catch(() => undefined), soon);
  } finally {
    await mesh.close();
  }
});
