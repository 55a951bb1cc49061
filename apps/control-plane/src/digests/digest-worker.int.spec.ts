import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { openGeode, type Geode } from '../../test/geode.js';
import { CollectionsModule } from '../collections/collections.module.js';
import { DigestsModule } from './digests.module.js';
import { tenantRows } from './tenant-digests.js';

describe('the leader of the digests in a whole control plane', () => {
  let geode: Geode;
  beforeAll(async () => {
    geode = await openGeode(freshRegion(), { region: freshRegion(), natsUrl: testNats().url }, [CollectionsModule, DigestsModule]);
  });
  afterAll(async () => geode.close());

  const sql = async <T>(text: string): Promise<T[]> => await geode.resources.dataSource.query(text);
  const kept = async (): Promise<string> =>
    JSON.stringify(await sql(`SELECT key, lpad(to_hex(digest), 16, '0') AS digest FROM tenant_digest ORDER BY key`));
  const written = async (): Promise<string> => {
    const all = [...Array(4_096).keys()];
    return JSON.stringify(await tenantRows(geode.resources.dataSource, { owner: geode.region, contested: true }, all));
  };
  const folded = async (): Promise<void> =>
    await waitFor('what is kept to be what was written', async () => ((await kept()) === (await written()) ? true : undefined), {
      timeoutMs: 15_000,
    }).then(() => undefined);

  it('takes what was written of tenants into what is kept, while others write', async () => {
    await sql(`INSERT INTO tenant (id, home_region, status, weight, tier, hlc)
                 SELECT 't' || n, '${geode.region}', 'placed', 1, 'pooled', '' FROM generate_series(1, 50) AS n`);
    await folded();
    const first = await kept();
    expect((JSON.parse(first) as unknown[]).length).toBe(50);
    await sql(`UPDATE tenant SET weight = 2 WHERE id = 't7'`);
    await sql(`DELETE FROM tenant WHERE id = 't8'`);
    await folded();
    expect((JSON.parse(await kept()) as unknown[]).length).toBe(49);
    expect(await kept()).not.toContain((JSON.parse(first) as { key: string; digest: string }[]).find(({ key }) => key === 't7')!.digest);
    expect(await sql('SELECT 1 FROM tenant_touched')).toEqual([]);
  });
});
