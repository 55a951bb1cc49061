import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { markEntriesPublished, publishAllAgain, publishLostAgain, unpublishedEntries } from './directory-rows.js';
import { foldSum, proveSum, readDigest } from './directory-sum.js';
import { directoryMetrics } from './metrics.js';
import { numberDirectory } from './number-directory.js';
import { DirectoryPublisher } from './publisher.js';
import { recordTenantRoute } from './record-route.js';
import { tellRoute } from './testing/tell-route.js';

let region: TestRegion;
beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => region.close());

const route = async (tenant: string, epoch: number): Promise<void> => await tellRoute(region, tenant, epoch);
const publish = async (limit: number): Promise<void> => {
  await numberDirectory(region.dataSource);
  await markEntriesPublished(region.dataSource, await unpublishedEntries(region.dataSource, limit));
};

/** As routers add it up. */
const expectKept = async (): Promise<void> => {
  const rows = await rowsOf<{ key: string; published_cursor: string }>(
    region.dataSource,
    'SELECT key, published_cursor FROM directory_entry WHERE published_cursor IS NOT NULL',
  );
  const root = formatRoot(rows.reduce((sum, r) => addToRoot(sum, entryHash(r.key, Number(r.published_cursor))), 0n));
  const cursor = Math.max(0, ...rows.map((r) => Number(r.published_cursor)));
  expect(await readDigest(region.dataSource)).toMatchObject({ count: rows.length, root, cursor });
  expect(await proveSum(region.dataSource)).toBe(true);
};

describe('the kept digest of the directory', () => {
  it('is that of the rows after all that befalls them', async () => {
    await expectKept();
    for (let i = 0; i < 30; i++) await route(`t${i}`, 1);
    await expectKept();
    await publish(20);
    await expectKept();
    for (let i = 0; i < 25; i++) await route(`t${i}`, 2);
    await expectKept();
    await publish(500);
    await expectKept();
    const { cursor } = await readDigest(region.dataSource);
    const [newest] = await rowsOf<{ key: string }>(region.dataSource, 'SELECT key FROM directory_entry WHERE cursor = $1', [cursor]);
    expect(await publishLostAgain(region.dataSource, [[newest!.key, cursor]])).toBe(1);
    await expectKept();
    await region.dataSource.query(`DELETE FROM directory_entry WHERE key IN ('tenant/t3', 'tenant/t4')`);
    await region.dataSource.query(`UPDATE directory_entry SET key = 'tenant/other' WHERE key = 'tenant/t5'`);
    await expectKept();
    await publishAllAgain(region.dataSource);
    await expectKept();
    await publish(500);
    await expectKept();
    expect((await readDigest(region.dataSource)).count).toBe(28);
  });

  it('is told without a look at the entries', async () => {
    for (let i = 0; i < 300; i++) await route(`t${i}`, 1);
    await publish(500);
    await region.dataSource.query('ANALYZE directory_entry');
    const statements: string[] = [];
    await readDigest({
      query: async (sql: string, values?: unknown[]) => {
        statements.push(sql);
        return await region.dataSource.query(sql, values);
      },
    } as never);
    let read = 0;
    const count = (node: { 'Relation Name'?: string; 'Actual Rows': number; Plans?: never[] }): void => {
      if (node['Relation Name'] === 'directory_entry') read += node['Actual Rows'];
      for (const plan of node.Plans ?? []) count(plan);
    };
    for (const sql of statements) {
      const [row] = await rowsOf<{ 'QUERY PLAN': { Plan: never }[] }>(region.dataSource, `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`);
      count(row!['QUERY PLAN'][0]!.Plan);
    }
    expect(read).toBeLessThanOrEqual(1);
  });

  it('is one row after a fold, and no less after folds and marks at one time', async () => {
    for (let i = 0; i < 40; i++) await route(`t${i}`, 1);
    await numberDirectory(region.dataSource);
    const entries = await unpublishedEntries(region.dataSource, 500);
    await Promise.all(
      entries.flatMap((e) => [
        markEntriesPublished(region.dataSource, [e]),
        foldSum(region.dataSource),
        readDigest(region.dataSource).then(async () => foldSum(region.dataSource)),
      ]),
    );
    await expectKept();
    await foldSum(region.dataSource);
    await foldSum(region.dataSource);
    expect(await rowsOf(region.dataSource, 'SELECT count FROM directory_sum')).toEqual([{ count: '40' }]);
    await expectKept();
  });

  it('is right, and every entry is put back, where there are more of them than one statement takes', async () => {
    await region.dataSource.query(
      `INSERT INTO directory_entry (key, body, cursor, published_cursor) SELECT 'tenant/t' || i, '{}', i, i FROM generate_series(1, 20001) i`,
    );
    const lost = Array.from({ length: 20_000 }, (_, i) => [`tenant/t${i + 1}`, i + 1] as const);
    expect((await readDigest(region.dataSource)).count).toBe(20_001);
    expect(await publishLostAgain(region.dataSource, [...lost, ['tenant/t20001', 5]])).toBe(20_000);
    await expectKept();
    await region.dataSource.query('UPDATE directory_entry SET published_cursor = cursor');
    await publishAllAgain(region.dataSource);
    expect((await readDigest(region.dataSource)).count).toBe(0);
    await expectKept();
  });

  it('waits for nobody who plants a route to see whether it is found', async () => {
    await route('acme', 1);
    await inTransaction(region.dataSource, async (tx) => {
      await tx.query(`INSERT INTO directory_entry (key, body, cursor, published_cursor) VALUES ('tenant/planted', '{}', -7, -7)`);
      await publish(500);
      await foldSum(region.dataSource);
      expect((await readDigest(region.dataSource)).count).toBe(1);
      expect((await readDigest(tx)).count).toBe(2);
    });
    await expectKept();
  });

  it('has its hashes made within the statement, not by a call for each entry', async () => {
    const plan = await rowsOf(
      region.dataSource,
      'EXPLAIN (VERBOSE) SELECT sum(directory_entry_hash(key, published_cursor)) FROM directory_entry',
    );
    expect(JSON.stringify(plan)).toContain('sha256(');
  });

  it('holds up no change of a route while entries are marked, nor is held up by one', async () => {
    for (const tenant of ['acme', 'bolt']) await route(tenant, 1);
    await publish(500);
    await inTransaction(region.dataSource, async (tx) => {
      await recordTenantRoute(
        tx,
        { kind: 'tenant', tenant: 'acme', region: region.name, status: 'placed', stamp: null, epoch: 2, hosts: [] },
        null,
      );
      await route('bolt', 2);
      await publish(500);
    });
    await publish(500);
    await expectKept();
  });

  it('is proved by the rows at each look, and made right and told where it is wrong', async () => {
    const metrics = createMetrics(directoryMetrics, { processMetrics: false });
    for (let i = 0; i < 5; i++) await route(`t${i}`, 1);
    const publisher = new DirectoryPublisher({ ...region, region: region.name, metrics, onNumbered: () => undefined, lookMs: 10 });
    while (await publisher.pass());
    await region.dataSource.query('INSERT INTO directory_sum VALUES (0, 1)');
    const stop = new AbortController();
    const leading = publisher.lead(stop.signal);
    await waitFor(
      'the look that finds it',
      async () => {
        publisher.wake();
        return /^lapidary_directory_wrong_sums_total 1$/m.test(await metrics.registry.metrics()) ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
    stop.abort();
    await leading;
    await expectKept();
  });
});
