import { waitFor } from '@lapidary/kernel/wait-for';
import pg from 'pg';
import { proves } from '@lapidary/testing/proves';
import { startFleet, type Fleet } from './fleet.js';
import { throughRouter } from './router-client.js';

/** The sample shop on collections, in a running fleet of two regions: written here, seen there, and never oversold while cut off. */
let fleet: Fleet;

const patience = { timeoutMs: 60_000, intervalMs: 100 };
const host = 'acme.lapidary.localhost';

const shop = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const answer = await throughRouter(fleet.run.regions.eu!.router, host, `/api/shared/${path}`, { method, body, headers });
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
};
const documentIn = async (region: string, collection: string, id: string): Promise<Record<string, unknown> | undefined> => {
  const answer = await fleet.api(region).get(`/v1/collections/${collection}/${id}?tenant=acme`);
  return answer.status === 200 ? (answer.body as Record<string, unknown>) : undefined;
};
const valueIn = async (region: string, collection: string, id: string): Promise<unknown> =>
  (await documentIn(region, collection, id))?.['value'];
const stop = (signal: 'SIGSTOP' | 'SIGCONT'): void => ['nats-eu', 'nats-us'].forEach((name) => void fleet.kill(name, signal));

beforeAll(async () => {
  fleet = await startFleet({ name: 'shared-shop' });
});
afterAll(async () => {
  if (fleet) stop('SIGCONT');
  await fleet?.stop();
});

test('the stamp’s workload gets its token by itself; what it writes in eu is seen in us, each policy by its rule (P-GE3)', async () => {
  for (const [name, policy] of [
    ['shop-items', { kind: 'lww' }],
    ['shop-stock', { kind: 'counter' }],
    ['shop-orders', { kind: 'append' }],
    ['shop-profiles', { kind: 'document', genesis: { addresses: [] } }],
  ] as const)
    expect((await fleet.api('us').put(`/v1/collections/${name}`, { policy })).status).toBe(200);
  expect((await fleet.stampctl(['tenants', 'create', 'acme', '--region', 'eu'])).code).toBe(0);
  await waitFor(
    'the shop',
    async () => ((await shop('PUT', 'items/cup', { name: 'Cup', priceCents: 500 })).status === 200 ? true : undefined),
    patience,
  );
  expect((await shop('PATCH', 'items/cup', { priceCents: 600 })).body['value']).toEqual({ name: 'Cup', priceCents: 600 });
  expect((await shop('PUT', 'profiles/ann', { name: 'Ann', addresses: [{ city: 'Bonn' }] })).status).toBe(200);
  await waitFor(
    'us to see the item',
    async () => ((await valueIn('us', 'shop-items', 'cup')) as { priceCents?: number } | undefined)?.priceCents === 600 || undefined,
    patience,
  );
  await waitFor('us to see the profile', async () => valueIn('us', 'shop-profiles', 'ann'), patience);
  // Written in us by who may, it is the shop's in eu.
  const path = '/v1/collections/shop-items/pan?tenant=acme';
  expect((await fleet.api('us').put(path, { value: { name: 'Pan' } })).status).toBe(200);
  await waitFor('the shop to see it', async () => ((await shop('GET', 'items/pan')).status === 200 ? true : undefined), patience);
});

test('a write of the workload names the stamp, and the request it was done for (I10)', async () => {
  await shop('PUT', 'items/named', { name: 'Named' }, { 'x-request-id': 'req-of-the-shop' });
  const client = new pg.Client(fleet.run.regions.eu!.postgres);
  await client.connect();
  try {
    const { rows } = await client.query<{ actor: string; request_id: string }>(
      `SELECT actor, request_id FROM change WHERE document = 'named'`,
    );
    expect(rows).toEqual([{ actor: 'workload:eu-1', request_id: 'req-of-the-shop' }]);
    const tokens = await client.query(`SELECT 1 FROM api_token WHERE stamp = 'eu-1' AND revoked_at IS NULL AND expires_at > now()`);
    expect(tokens.rowCount).toBeGreaterThan(0);
  } finally {
    await client.end();
  }
});

test(
  proves('cut off from each other, both regions sell what they have rights to and not one more; then they agree (C2, C3)', {
    operation: 'sell-stock',
    failure: 'regions-cut',
    outcome: 'works',
  }),
  async () => {
    expect((await shop('POST', 'stock/cup', { op: 'add', units: 10 })).body['value']).toBe(10);
    expect((await shop('POST', 'stock/cup', { op: 'give', units: 4, to: 'us' })).status).toBe(200);
    await waitFor(
      'us to have its rights',
      async () =>
        ((await documentIn('us', 'shop-stock', 'cup'))?.['rights'] as Record<string, number> | undefined)?.['us'] === 4 || undefined,
      patience,
    );
    stop('SIGSTOP');
    const sold: string[] = [];
    for (let i = 0; i < 9; i++) {
      const order = await shop('PUT', `orders/o${i}`, { sku: 'cup', units: 1 });
      if (order.status === 200) sold.push(`o${i}`);
      else expect(order.body['code']).toBe('rights_exhausted');
    }
    expect(sold).toHaveLength(6);
    // Who asks again has bought once.
    expect((await shop('PUT', `orders/${sold[0]}`, { sku: 'cup', units: 1 })).status).toBe(200);
    const subtract = async () =>
      (await fleet.api('us').post('/v1/collections/shop-stock/cup?tenant=acme', { operations: [{ op: 'subtract', units: 1 }] })).status;
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push(await subtract());
    expect(statuses).toEqual([200, 200, 200, 200, 409, 409]);
    expect([await valueIn('eu', 'shop-stock', 'cup'), await valueIn('us', 'shop-stock', 'cup')]).toEqual([4, 6]);
    stop('SIGCONT');
    for (const region of ['eu', 'us'])
      await waitFor(`${region} to know`, async () => (await valueIn(region, 'shop-stock', 'cup')) === 0 || undefined, patience);
    for (const id of sold) await waitFor(`order ${id} in us`, async () => valueIn('us', 'shop-orders', id), patience);
  },
);
