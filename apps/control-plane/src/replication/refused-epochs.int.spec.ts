import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { systemContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { stampOf, tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { refusedEpochs } from './refused-epochs.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { tellOfTenant, tenantOf } from './testing/two-regions.js';

const timeoutMs = 60_000;

let mesh: Mesh;
let eu: TestRegion;
let us: TestRegion;

beforeAll(async () => {
  mesh = await openMesh(2);
  [eu, us] = mesh.regions as [TestRegion, TestRegion];
});
afterAll(async () => mesh.close());

const placement = async (id: string): Promise<unknown> =>
  (await rowsOf(us.dataSource, 'SELECT stamp, epoch FROM placement WHERE tenant = $1 AND is_current', [id]))[0];
const isPlaced = async (id: string, stamp: string, epoch: number): Promise<unknown> =>
  await waitFor(`${id} on ${stamp}`, async () => JSON.stringify(await placement(id)) === JSON.stringify({ stamp, epoch }) || undefined, {
    timeoutMs,
  });
const tellOf = async (version: number, epoch: number): Promise<unknown> =>
  await inTransaction(eu.dataSource, async (tx) =>
    recordEvent(tx, systemContext(eu.name, 'test', newId()), eu.clock, 'lapidary.stamp.updated.v1', `stamp/${eu.name}-1`, {
      stamp: { ...stampOf(eu.name, 1, version), epoch },
    }),
  );

describe('an epoch that goes down', () => {
  it('of a placement is refused and shown, and what is known is served on, until it is told under one that does not (I1, I4)', async () => {
    for (const index of [1, 2]) await tellOfStamp(eu, index);
    await tellOfTenant(eu, tenantOf(eu.name, 'acme', 5, `${eu.name}-2`));
    await isPlaced('acme', `${eu.name}-2`, 5);
    const route = async () => rowsOf(us.dataSource, `SELECT body FROM directory_entry WHERE key = 'tenant/acme'`);
    const before = await route();
    // As a region does whose database was set back, and whose epoch was raised by hand.
    await tellOfTenant(eu, tenantOf(eu.name, 'acme', 3, `${eu.name}-1`));
    await tellOfTenant(eu, tenantOf(eu.name, 'other', 1, `${eu.name}-1`));
    await isPlaced('other', `${eu.name}-1`, 1);
    expect([await placement('acme'), await route()]).toEqual([{ stamp: `${eu.name}-2`, epoch: 5 }, before]);
    expect(await refusedEpochs(us.dataSource)).toEqual([{ what: 'tenant', name: 'acme', origin: eu.name, held: 5, told: 3 }]);
    await tellOfTenant(eu, tenantOf(eu.name, 'acme', 6, `${eu.name}-1`));
    await isPlaced('acme', `${eu.name}-1`, 6);
    expect(await refusedEpochs(us.dataSource)).toEqual([]);
  });

  it('costs nothing where none does: what is refused is written down, and taken back, only where it changes', async () => {
    // A trigger of the statement also runs where no row is touched.
    await us.dataSource.query(`CREATE TABLE touched (op text);
      CREATE FUNCTION note_touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO touched VALUES (TG_OP); RETURN NULL; END $$;
      CREATE TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON refused_epoch FOR EACH STATEMENT EXECUTE FUNCTION note_touched();`);
    const touched = async () => (await rowsOf<{ op: string }>(us.dataSource, 'SELECT op FROM touched')).map(({ op }) => op);
    for (const epoch of [1, 2]) {
      await tellOf(epoch, epoch);
      await tellOfTenant(eu, tenantOf(eu.name, 'calm', epoch, `${eu.name}-1`));
    }
    await isPlaced('calm', `${eu.name}-1`, 2);
    expect(await touched()).toEqual([]);
    await tellOfTenant(eu, tenantOf(eu.name, 'calm', 1, `${eu.name}-2`));
    await tellOfTenant(eu, tenantOf(eu.name, 'calm', 3, `${eu.name}-2`));
    await isPlaced('calm', `${eu.name}-2`, 3);
    expect(await touched()).toEqual(['UPDATE', 'INSERT', 'DELETE']);
  });

  it('of a stamp likewise', async () => {
    const held = async () =>
      (
        await rowsOf<{ epoch: number; version: number }>(us.dataSource, 'SELECT epoch, version FROM stamp WHERE name = $1', [
          `${eu.name}-1`,
        ])
      )[0];
    const isAt = async (version: number, epoch: number): Promise<unknown> =>
      await waitFor('the stamp', async () => JSON.stringify(await held()) === JSON.stringify({ epoch, version }) || undefined, {
        timeoutMs,
      });
    await tellOf(1, 4);
    await isAt(1, 4);
    await tellOf(2, 3);
    await waitFor('the refusal', async () => (await refusedEpochs(us.dataSource))[0], { timeoutMs });
    expect(await held()).toEqual({ epoch: 4, version: 1 });
    await tellOf(3, 4);
    await isAt(3, 4);
    expect(await refusedEpochs(us.dataSource)).toEqual([]);
  });
});
