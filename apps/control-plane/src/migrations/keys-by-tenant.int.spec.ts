import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { claimKey, requestHash } from '../http/idempotency.js';
import { KeysByTenant1763772000074 } from './0074-keys-by-tenant.js';
import { migrations } from './all.js';
import { openAt, useDatabase } from './open-at.fixture.js';

useDatabase();

const principal = 'workload:eu-1';
const hash = requestHash('POST', '/v1/collections/stock/sku', { operations: [] });
const document = (tenant: string): string => JSON.stringify({ collection: 'stock', id: 'sku', tenant, value: 1 });

test('an answer of the version before is its tenant’s, and is given to nobody else; the way back keeps none that could be mistaken', async () => {
  const old = await openAt(migrations.slice(0, migrations.indexOf(KeysByTenant1763772000074)));
  const insert = 'INSERT INTO idempotency_key (principal, key, request_hash, status, body) VALUES ($1, $2, $3, 200, $4)';
  await old.query(insert, [principal, 'order-1', hash, document('acme')]);
  await old.query(insert, ['token:ann', 'job-1', hash, '{"id":"eu.1"}']);
  await old.destroy();

  const source = await openAt(migrations);
  const claim = async (tenant: string): Promise<unknown> =>
    await inTransaction(source, async (tx) => await claimKey(tx, { principal, tenant, key: 'order-1', hash }));
  expect(await claim('acme')).toMatchObject({ status: 200, body: { tenant: 'acme' }, headers: { 'idempotency-replayed': 'true' } });
  expect(await claim('other')).toBeNull();
  expect(await rowsOf(source, `SELECT tenant FROM idempotency_key WHERE key = 'job-1'`)).toEqual([{ tenant: '' }]);

  const runner = source.createQueryRunner();
  await new KeysByTenant1763772000074().down(runner);
  await runner.release();
  expect(await rowsOf(source, 'SELECT key FROM idempotency_key')).toEqual([{ key: 'job-1' }]);
  await source.destroy();
});
