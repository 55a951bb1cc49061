import pg from 'pg';
import { StorefrontConfigSchema, type StorefrontConfig } from '@lapidary/config/storefront';
import { loadConfig } from '@lapidary/config/load';
import { createLogger } from '@lapidary/telemetry/logger';
import { freshDatabase } from '@lapidary/testing/backends';
import { startShop, type Shop } from './shop.js';

const logger = createLogger('storefront', 'silent');
const role = `shop_${Math.random().toString(36).slice(2, 10)}`;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let roleUrl: string;
let shop: Shop;

/** As the local driver does it: a role of the shop's own, which owns its database. */
const makeRole = async (): Promise<string> => {
  const url = new URL(database.url);
  const name = url.pathname.slice(1);
  await asAdmin(
    `CREATE ROLE ${role} LOGIN PASSWORD 'shop' NOSUPERUSER`,
    `ALTER DATABASE ${name} OWNER TO ${role}`,
    `GRANT ALL ON SCHEMA public TO ${role}`,
  );
  url.username = role;
  url.password = 'shop';
  return url.href;
};

const query = async (url: string, ...statements: string[]): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let last: pg.QueryResult | undefined;
    for (const statement of statements) last = await client.query(statement);
    return last!;
  } finally {
    await client.end();
  }
};
const asAdmin = (...statements: string[]) => query(database.url, ...statements);
const asShop = (...statements: string[]) => query(roleUrl, ...statements);

const configFor = (url: string): StorefrontConfig =>
  loadConfig(StorefrontConfigSchema, {
    LAPIDARY_STAMP: 'eu-1',
    LAPIDARY_HTTP_PORT: '0',
    LAPIDARY_DATABASE_URL: url,
    LAPIDARY_WORKLOAD_VERSION: '1.2.3',
  });

interface Answer<T> {
  readonly status: number;
  readonly type: string | null;
  readonly body: T;
}

const call = async <T = Record<string, unknown>>(
  tenant: string | null,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> => {
  const response = await fetch(new URL(path, shop.url), {
    method,
    headers: {
      ...(tenant === null ? {} : { 'x-lapidary-tenant': tenant, 'x-lapidary-epoch': '1' }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, type: response.headers.get('content-type'), body: (await response.json()) as T };
};

const stockOf = async (tenant: string, sku: string): Promise<number> =>
  (await call<{ stock: number }>(tenant, 'GET', `/api/inventory/${sku}`)).body.stock;
const putItem = (tenant: string, sku: string, stock: number, priceCents = 500) =>
  call(tenant, 'PUT', `/api/inventory/${sku}`, { name: `Item ${sku}`, priceCents, stock });
const order = (tenant: string, lines: readonly { sku: string; quantity: number }[], headers: Record<string, string> = {}) =>
  call<{ id: string; totalCents: number; code: string }>(tenant, 'POST', '/api/orders', { lines }, headers);

beforeAll(async () => {
  database = await freshDatabase();
  roleUrl = await makeRole();
  shop = await startShop(configFor(roleUrl), logger, new AbortController().signal);
});

afterAll(async () => {
  await shop?.close();
  await database?.drop();
  await query(new URL('/postgres', database.url).href, `DROP ROLE IF EXISTS ${role}`);
});

describe('the shop', () => {
  it('says which tenant, stamp and version it is', async () => {
    expect(await call('acme', 'GET', '/api/whoami')).toMatchObject({
      status: 200,
      body: { tenant: 'acme', stamp: 'eu-1', version: '1.2.3' },
    });
    expect(await call(null, 'GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok', version: '1.2.3' } });
  });

  it.each(['/api/whoami', '/api/orders', '/api/inventory/a', '/api/profiles/a'])('refuses %s without a tenant', async (path) => {
    expect(await call(null, 'GET', path)).toMatchObject({
      status: 421,
      type: 'application/problem+json; charset=utf-8',
      body: { code: 'misdirected' },
    });
    expect(await call('No Tenant', 'GET', path)).toMatchObject({ status: 421 });
  });

  it('keeps inventory, profiles and orders', async () => {
    await putItem('acme', 'tea', 10, 250);
    await putItem('acme', 'cup', 10, 1_000);
    const profile = { displayName: 'Ada', email: 'ada@example.org', attributes: { tier: 'gold' } };
    expect(await call('acme', 'PUT', '/api/profiles/ada', profile)).toMatchObject({ status: 200, body: { id: 'ada', ...profile } });
    const placed = await call<{ id: string }>('acme', 'POST', '/api/orders', {
      profile: 'ada',
      lines: [
        { sku: 'tea', quantity: 2 },
        { sku: 'cup', quantity: 1 },
      ],
    });
    expect(placed).toMatchObject({ status: 201, body: { profile: 'ada', totalCents: 1_500 } });
    expect(await call('acme', 'GET', `/api/orders/${placed.body.id}`)).toMatchObject({ status: 200, body: placed.body });
    expect(await stockOf('acme', 'tea')).toBe(8);
  });

  it('pages through orders, newest first, each once', async () => {
    await putItem('pager', 'tea', 100);
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift((await order('pager', [{ sku: 'tea', quantity: 1 }])).body.id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Answer<{ items: { id: string }[]; next: string | null }> = await call(
        'pager',
        'GET',
        `/api/orders?limit=3${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...page.body.items.map((item) => item.id));
      cursor = page.body.next;
    }
    expect(seen).toEqual(ids);
  });
});

describe('tenants of one stamp', () => {
  it('see only their own, through the API', async () => {
    await putItem('one', 'gem', 3);
    await call('one', 'PUT', '/api/profiles/p', { displayName: 'One' });
    const placed = await order('one', [{ sku: 'gem', quantity: 1 }]);
    for (const path of ['/api/inventory/gem', '/api/profiles/p', `/api/orders/${placed.body.id}`]) {
      expect(await call('two', 'GET', path)).toMatchObject({ status: 404 });
    }
    expect((await call<{ items: unknown[] }>('two', 'GET', '/api/orders')).body.items).toEqual([]);
    expect(await order('two', [{ sku: 'gem', quantity: 1 }])).toMatchObject({ status: 400 });
    expect(await call('two', 'POST', '/api/orders', { profile: 'p', lines: [{ sku: 'gem', quantity: 1 }] })).toMatchObject({ status: 400 });
    expect(await stockOf('one', 'gem')).toBe(2);
  });

  it('are kept apart by the database too: its owner sees and writes one tenant at a time, and none without', async () => {
    await putItem('left', 'x', 1);
    await putItem('right', 'x', 1);
    const tenants = async (...before: string[]) =>
      (await asShop(...before, 'SELECT DISTINCT tenant FROM inventory_item')).rows.map((r: { tenant: string }) => r.tenant);
    expect(await tenants()).toEqual([]);
    expect(await tenants('BEGIN', `SET LOCAL app.tenant = 'left'`)).toEqual(['left']);
    expect(
      (await asShop('BEGIN', `SET LOCAL app.tenant = 'left'`, `UPDATE inventory_item SET stock = 99 WHERE tenant = 'right'`)).rowCount,
    ).toBe(0);
    const foreign = `INSERT INTO inventory_item (tenant, sku, name, price_cents, stock) VALUES ('right', 'y', 'y', 1, 1)`;
    await expect(asShop('BEGIN', `SET LOCAL app.tenant = 'left'`, foreign)).rejects.toThrow(/row-level security/);
    await expect(asShop(foreign)).rejects.toThrow(/row-level security/);
    const unbound = await asAdmin(
      `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relforcerowsecurity`,
    );
    expect(unbound.rows).toEqual([{ relname: 'migrations' }]);
  });

  it('do not share idempotency keys', async () => {
    await putItem('k1', 'a', 5);
    await putItem('k2', 'a', 5);
    const first = await order('k1', [{ sku: 'a', quantity: 1 }], { 'idempotency-key': 'same' });
    const second = await order('k2', [{ sku: 'a', quantity: 1 }], { 'idempotency-key': 'same' });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body.id).not.toBe(second.body.id);
  });
});

describe('orders under pressure', () => {
  it('50 at once for 20 pieces: exactly 20 go through, stock ends at 0', async () => {
    await putItem('rush', 'last', 20);
    const answers = await Promise.all(Array.from({ length: 50 }, () => order('rush', [{ sku: 'last', quantity: 1 }])));
    expect(answers.filter((a) => a.status === 201)).toHaveLength(20);
    const refused = answers.filter((a) => a.status !== 201);
    expect(new Set(refused.map((a) => `${a.status} ${a.body.code}`))).toEqual(new Set(['409 out_of_stock']));
    expect(await stockOf('rush', 'last')).toBe(0);
  });

  it('an order that fails on its second line takes nothing', async () => {
    await putItem('atomic', 'a', 5);
    await putItem('atomic', 'b', 0);
    expect(
      await order('atomic', [
        { sku: 'a', quantity: 1 },
        { sku: 'b', quantity: 1 },
      ]),
    ).toMatchObject({ status: 409 });
    expect(await stockOf('atomic', 'a')).toBe(5);
  });

  it('orders for the same goods in opposite order do not deadlock', async () => {
    await putItem('cross', 'a', 100);
    await putItem('cross', 'b', 100);
    const lines = [
      { sku: 'a', quantity: 1 },
      { sku: 'b', quantity: 1 },
    ];
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => order('cross', i % 2 ? lines : [...lines].reverse())));
    expect(answers.every((a) => a.status === 201)).toBe(true);
    expect([await stockOf('cross', 'a'), await stockOf('cross', 'b')]).toEqual([60, 60]);
  });

  it('20 repeats of one request, at once and later, are one order', async () => {
    await putItem('again', 'a', 10);
    const key = { 'idempotency-key': 'order-1' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => order('again', [{ sku: 'a', quantity: 1 }], key)));
    answers.push(await order('again', [{ sku: 'a', quantity: 1 }], key));
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((a) => a.body.id)).size).toBe(1);
    expect(await stockOf('again', 'a')).toBe(9);
    expect(await order('again', [{ sku: 'a', quantity: 2 }], key)).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
  });

  it('a refused order may be repeated with its key once there is stock', async () => {
    await putItem('later', 'a', 0);
    const key = { 'idempotency-key': 'k' };
    expect(await order('later', [{ sku: 'a', quantity: 1 }], key)).toMatchObject({ status: 409 });
    await putItem('later', 'a', 1);
    expect(await order('later', [{ sku: 'a', quantity: 1 }], key)).toMatchObject({ status: 201 });
  });
});

describe('bad input', () => {
  const line = { sku: 'a', quantity: 1 };
  it.each<[string, string, string, unknown]>([
    ['broken JSON', 'POST', '/api/orders', '{"lines":'],
    ['an array', 'POST', '/api/orders', []],
    ['null', 'POST', '/api/orders', 'null'],
    ['no lines', 'POST', '/api/orders', { lines: [] }],
    ['101 lines', 'POST', '/api/orders', { lines: Array.from({ length: 101 }, (_, i) => ({ sku: `s${i}`, quantity: 1 })) }],
    ['quantity 0', 'POST', '/api/orders', { lines: [{ sku: 'a', quantity: 0 }] }],
    ['a negative quantity', 'POST', '/api/orders', { lines: [{ sku: 'a', quantity: -5 }] }],
    ['a fraction', 'POST', '/api/orders', { lines: [{ sku: 'a', quantity: 0.5 }] }],
    ['the same SKU twice', 'POST', '/api/orders', { lines: [line, line] }],
    ['an unknown field', 'POST', '/api/orders', { lines: [line], tenant: 'two' }],
    ['an unknown SKU', 'POST', '/api/orders', { lines: [{ sku: 'nowhere', quantity: 1 }] }],
    ['an unknown profile', 'POST', '/api/orders', { profile: 'nobody', lines: [line] }],
    ['a long SKU', 'PUT', `/api/inventory/${'s'.repeat(65)}`, { name: 'x', priceCents: 1, stock: 1 }],
    ['a strange SKU', 'PUT', '/api/inventory/a%2Fb', { name: 'x', priceCents: 1, stock: 1 }],
    ['negative stock', 'PUT', '/api/inventory/a', { name: 'x', priceCents: 1, stock: -1 }],
    ['stock beyond an integer', 'PUT', '/api/inventory/a', { name: 'x', priceCents: 1, stock: 1e12 }],
    ['a bad e-mail', 'PUT', '/api/profiles/a', { displayName: 'x', email: 'nope' }],
    ['a NUL character', 'PUT', '/api/profiles/a', { displayName: 'x\u0000y' }],
    ['a NUL character in JSON', 'PUT', '/api/profiles/a', { displayName: 'x', attributes: { a: 'x\u0000y' } }],
    ['limit 0', 'GET', '/api/orders?limit=0', undefined],
    ['a rubbish cursor', 'GET', '/api/orders?cursor=%27%3B--', undefined],
    ['a rubbish id', 'GET', '/api/orders/not-a-ulid', undefined],
  ])('%s is refused with what to correct', async (_, method, path, body) => {
    expect(await call('bad', method, path, body)).toMatchObject({
      status: 400,
      type: 'application/problem+json; charset=utf-8',
      body: { code: 'invalid_input', retry: false },
    });
  });

  it('refuses what is too large, of the wrong type, or nowhere', async () => {
    expect(await call('bad', 'POST', '/api/orders', `"${'x'.repeat(70_000)}"`)).toMatchObject({ status: 413 });
    expect(await call('bad', 'POST', '/api/orders', 'x=1', { 'content-type': 'text/plain' })).toMatchObject({ status: 400 });
    expect(await call('bad', 'GET', '/api/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await call('bad', 'POST', '/api/orders', { lines: [line] }, { 'idempotency-key': 'x'.repeat(256) })).toMatchObject({
      status: 400,
    });
  });
});

it('takes heads as large as an agent gives on (24 KiB), and says 431 of larger ones', async () => {
  const statusFor = async (bytes: number): Promise<number> =>
    (await fetch(`${shop.url}/healthz`, { headers: { cookie: 'c'.repeat(bytes) } })).status;
  expect([await statusFor(23 * 1024), await statusFor(25 * 1024)]).toEqual([200, 431]);
});

describe('start and stop', () => {
  it('refuses a role that row-level security does not bind', async () => {
    await expect(startShop(configFor(database.url), logger, new AbortController().signal)).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  it('several that start at once on an empty database migrate it once', async () => {
    await asShop('DROP TABLE migrations, order_line, shop_order, profile, inventory_item, idempotency_key');
    const shops = await Promise.all([1, 2, 3].map(() => startShop(configFor(roleUrl), logger, new AbortController().signal)));
    await Promise.all(shops.map((s) => s.close()));
    expect((await asShop('SELECT count(*)::int AS n FROM migrations')).rows).toEqual([{ n: 1 }]);
  });

  it('waits for a database that is not there yet, until told to stop', async () => {
    const stopping = new AbortController();
    const url = new URL(roleUrl);
    url.port = '1';
    const starting = startShop(configFor(url.href), logger, stopping.signal);
    setImmediate(() => stopping.abort());
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('survives its database connections being cut', async () => {
    // Asked to wait until each has ended: what is left of them in the pool is then noticed before the next request.
    await asAdmin(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '${role}'`);
    await putItem('cut', 'a', 1).catch(() => undefined);
    expect(await call(null, 'GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await putItem('cut', 'a', 1)).toMatchObject({ status: 200 });
  });
});
