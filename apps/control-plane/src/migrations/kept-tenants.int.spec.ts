import type { DataSource } from 'typeorm';
import { foldTenants, tenantSum } from '../digests/tenant-digests.js';
import { KeptTenants1763772000090 } from './0090-kept-tenants.js';
import { migrations } from './all.js';
import { openAt, useDatabase } from './open-at.fixture.js';

useDatabase();

const upTo = migrations.slice(0, migrations.indexOf(KeptTenants1763772000090) + 1);
const add = async (source: DataSource, id: string): Promise<void> => {
  await source.query(`INSERT INTO region VALUES ('eu', 'eu', 'eu', 0, 0, 'none') ON CONFLICT DO NOTHING`);
  await source.query(`INSERT INTO tenant (id, home_region, status, weight, tier, hlc) VALUES ($1, 'eu', 'placed', 1, 'pooled', '')`, [id]);
};
const rows = async (source: DataSource): Promise<number> => (await tenantSum(source, { owner: 'eu', contested: true })).rows;
/** In what is kept, whoever is in the rows. */
const kept = async (source: DataSource): Promise<unknown> => source.query('SELECT key FROM tenant_digest ORDER BY key');

test('tenants that the version before has written are kept with the first fold, also where it came back in between', async () => {
  const old = await openAt(upTo.slice(0, -1));
  await add(old, 'a');
  await old.destroy();
  const open = await openAt(upTo);
  try {
    expect(await rows(open)).toBe(1);
    expect([await foldTenants(open), await kept(open)]).toEqual([1, [{ key: 'a' }]]);
    await open.undoLastMigration();
    await expect(kept(open)).rejects.toThrow('tenant_digest');
    await add(open, 'b');
    await open.runMigrations();
    expect(await rows(open)).toBe(2);
    expect([await foldTenants(open), await kept(open)]).toEqual([2, [{ key: 'a' }, { key: 'b' }]]);
    expect(await rows(open)).toBe(2);
  } finally {
    await open.destroy();
  }
});
