import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { checkTenants, foldTenants, tenantBucketSums, tenantRows, tenantSum, type RowDigest } from './tenant-digests.js';

describe('digests of tenants that are kept', () => {
  let region: TestRegion;
  beforeEach(async () => {
    region = await openTestRegion({ peers: ['other'] });
    await sql(`INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec)
               VALUES ('s', '${region.name}', 'active', 'broad', 'small', 'pooled', 'local', 10000, '{}')`);
    await insert('t', 300);
  });
  afterEach(async () => region.close());

  const sql = async (text: string): Promise<void> => void (await region.dataSource.query(text));
  const insert = async (prefix: string, count: number): Promise<void> => {
    await sql(`INSERT INTO tenant (id, home_region, status, weight, tier, hlc)
                 SELECT '${prefix}' || n, CASE WHEN n % 3 = 0 THEN 'other' ELSE '${region.name}' END, 'placed', 1, 'pooled', '' FROM generate_series(1, ${count}) AS n`);
    await sql(`INSERT INTO placement (tenant, epoch, stamp, units, decided_at, is_current)
                 SELECT id, 1, 's', 1, now(), true FROM tenant WHERE id LIKE '${prefix}%'`);
    await sql(
      `INSERT INTO tenant_hostname (hostname, tenant, claim_hlc) SELECT id || '.example', id, '0' FROM tenant WHERE id LIKE '${prefix}%'`,
    );
  };
  const asked = (owner: string) => ({ owner, contested: true });
  const all = [...Array(4_096).keys()];
  const told = async (): Promise<[unknown, unknown, RowDigest[]][]> =>
    Promise.all(
      [region.name, 'other'].map(async (owner): Promise<[unknown, unknown, RowDigest[]]> => {
        const { dataSource } = region;
        return [
          await tenantSum(dataSource, asked(owner)),
          await tenantBucketSums(dataSource, asked(owner)),
          await tenantRows(dataSource, asked(owner), all),
        ];
      }),
    );
  /** As read from the rows: what is kept is of another form. */
  const fromRows = async (): Promise<unknown> => {
    const [{ form }] = (await region.dataSource.query('SELECT form FROM tenant_digest_form')) as [{ form: string }];
    await sql(`UPDATE tenant_digest_form SET form = 'another'`);
    const rows = await told();
    await sql(`UPDATE tenant_digest_form SET form = '${form}'`);
    return rows;
  };

  it.each<[string, string]>([
    ['tenants are changed', `UPDATE tenant SET labels = '{"a":"b"}' WHERE id LIKE 't1%'`],
    ['a tenant goes to another region', `UPDATE tenant SET home_region = 'other' WHERE id = 't1'`],
    [
      'a placement moves',
      `UPDATE placement SET is_current = false WHERE tenant = 't1'; INSERT INTO placement (tenant, epoch, stamp, units, decided_at, is_current) VALUES ('t1', 2, 's', 1, now(), true)`,
    ],
    [
      'host names come and go',
      `DELETE FROM tenant_hostname WHERE tenant = 't1'; INSERT INTO tenant_hostname (hostname, tenant, claim_hlc) VALUES ('b.example', 't2', '1'), ('a.example', 't2', '1')`,
    ],
    ['a host name changes hands', `UPDATE tenant_hostname SET tenant = 't3' WHERE tenant = 't1'`],
    [
      'tenants are lost',
      `DELETE FROM placement WHERE tenant IN ('t1', 't3'); DELETE FROM tenant_hostname WHERE tenant IN ('t1', 't3'); DELETE FROM tenant WHERE id IN ('t1', 't3')`,
    ],
  ])('say what the rows say before and after they are folded, where %s', async (_, change) => {
    const [unkept, empty] = [await told(), (await foldTenants(region.dataSource)) > 0];
    expect(empty).toBe(true);
    expect(await told()).toEqual(unkept);
    await sql(change);
    const touched = await told();
    expect(touched).not.toEqual(unkept);
    expect(touched).toEqual(await fromRows());
    await insert('u', 5);
    expect(await told()).toEqual(await fromRows());
    expect(await foldTenants(region.dataSource)).toBeGreaterThan(0);
    expect(await foldTenants(region.dataSource)).toBe(0);
    expect(await told()).toEqual(await fromRows());
    expect(await checkTenants(region.dataSource, '')).toMatchObject({ wrong: 0 });
  });

  it('say so in every view, while people write and others fold', async () => {
    await foldTenants(region.dataSource);
    let writing = true;
    const folds = (async () => {
      while (writing) await foldTenants(region.dataSource);
    })();
    const writes = (async () => {
      for (let i = 0; writing; i++) await sql(`UPDATE tenant SET weight = ${2 + (i % 5)} WHERE id = 't${1 + (i % 50)}'`);
    })();
    for (let round = 0; round < 20; round++)
      await region.dataSource.transaction('REPEATABLE READ', async (tx) => {
        const kept = await tenantSum(tx, asked(region.name));
        const rows = await tenantRows(tx, asked(region.name), all);
        const sum = rows.reduce((total, { digest }) => total + BigInt.asIntN(64, BigInt(`0x${digest}`)), 0n);
        expect(kept).toEqual({ rows: 200, sum: String(sum) });
      });
    writing = false;
    await Promise.all([folds, writes]);
  });

  it('find again what was written while no trigger was there, and sums that are not those of what is kept', async () => {
    await foldTenants(region.dataSource);
    const right = await told();
    await sql('ALTER TABLE tenant DISABLE TRIGGER USER');
    await sql(
      `UPDATE tenant SET weight = 9 WHERE id = 't1'; INSERT INTO tenant (id, home_region, status, weight, tier, hlc) VALUES ('zz', 'other', 'placed', 1, 'pooled', '')`,
    );
    await sql('ALTER TABLE tenant ENABLE TRIGGER USER');
    await sql(
      `UPDATE tenant_digest_sum SET sum = sum + 1 WHERE owner = 'other' AND bucket = (SELECT min(bucket) FROM tenant_digest_sum WHERE owner = 'other')`,
    );
    const first = await checkTenants(region.dataSource, '');
    expect(first).toEqual({ next: 'zz', wrong: 2 });
    expect(await checkTenants(region.dataSource, first.next!)).toEqual({ next: null, wrong: 1 });
    await foldTenants(region.dataSource);
    expect(await told()).toEqual(await fromRows());
    expect(await told()).not.toEqual(right);
  });

  it('are made anew where they are of another form, and never read meanwhile', async () => {
    await foldTenants(region.dataSource);
    const right = await told();
    await sql(
      `UPDATE tenant_digest_form SET form = 'of the version before'; UPDATE tenant_digest SET digest = 0; UPDATE tenant_digest_sum SET sum = 0`,
    );
    expect(await told()).toEqual(right);
    expect(await foldTenants(region.dataSource)).toBe(300);
    expect(await told()).toEqual(right);
  });
});
