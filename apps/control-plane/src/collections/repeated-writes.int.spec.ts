import { sealPrincipal } from '../auth/forwarded-principal.js';
import { secretDigest } from '../auth/token-digest.js';
import { addStamp, addToken, openDatabase, openWorld, tenantInput, type Answer, type World, type WorldDatabase } from '../../test/world.js';

describe('a key that comes again', () => {
  let database: WorldDatabase;
  let world: World;
  const shop = 'token-of-the-shop-0123456789';
  const tenants = ['acme', 'other', 'third'];

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    for (const id of tenants) expect((await world.ask('POST', '/v1/tenants', { body: tenantInput(id) })).status).toBe(201);
    for (const [name, kind] of Object.entries({ stock: 'counter', settings: 'lww' }))
      await world.ask('PUT', `/v1/collections/${name}`, { body: { policy: { kind } } });
    await world.query(`INSERT INTO api_token (id, name, sha256, stamp) VALUES ('shop', 'shop', $1, 'eu-1')`, [secretDigest(shop)]);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const operation = (op: 'add' | 'subtract', units: number) => ({ operations: [{ op, units }] });
  const fill = async (sku: string): Promise<void> => {
    for (const [i, tenant] of tenants.entries())
      await world.ask('POST', `/v1/collections/stock/${sku}?tenant=${tenant}`, { body: operation('add', 100 * (i + 1)) });
  };
  const left = async (sku: string): Promise<unknown[]> =>
    await Promise.all(
      tenants.map(async (tenant) => (await world.ask('GET', `/v1/collections/stock/${sku}?tenant=${tenant}`)).body['value']),
    );
  /** Takes one unit under `key`, as the workload of the stamp; the tenant in the header, the query or both. */
  const take = async (sku: string, key: string, named: { header?: string; query?: string }): Promise<Answer> =>
    await world.ask('POST', `/v1/collections/stock/${sku}${named.query === undefined ? '' : `?tenant=${named.query}`}`, {
      token: shop,
      body: operation('subtract', 1),
      headers: { 'idempotency-key': key, ...(named.header === undefined ? {} : { 'x-lapidary-tenant': named.header }) },
    });
  const told = ({ status, headers, body }: Answer): unknown[] => [status, headers['idempotency-replayed'], body['tenant'], body['value']];
  const refused = ({ status, headers, body }: Answer): unknown[] => [status, headers['idempotency-replayed'], body['code'], body['value']];

  it('is each tenant’s own, however the request names the tenant: each takes of its own stock, and once', async () => {
    await fill('sku');
    expect(told(await take('sku', 'order-1', { header: 'acme' }))).toEqual([200, undefined, 'acme', 99]);
    expect(told(await take('sku', 'order-1', { header: 'other' }))).toEqual([200, undefined, 'other', 199]);
    // The query wins over the header, for the key as for what is done.
    expect(told(await take('sku', 'order-1', { header: 'acme', query: 'third' }))).toEqual([200, undefined, 'third', 299]);
    expect(told(await take('sku', 'order-1', { query: 'acme' }))).toEqual([200, 'true', 'acme', 99]);
    expect(told(await take('sku', 'order-1', { header: 'other' }))).toEqual([200, 'true', 'other', 199]);
    expect(told(await take('sku', 'order-1', { header: 'third', query: 'other' }))).toEqual([200, 'true', 'other', 199]);
    expect(await left('sku')).toEqual([99, 199, 299]);
  });

  it('is each tenant’s own when all of them come at once', async () => {
    await fill('rush');
    const asked = Array.from({ length: 12 }, (_, i) => tenants[i % tenants.length]!);
    const answers = await Promise.all(asked.map(async (tenant) => await take('rush', 'order-2', { header: tenant })));
    expect(answers.map(({ status, body }) => [status, body['tenant']])).toEqual(asked.map((tenant) => [200, tenant]));
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(9);
    expect(await left('rush')).toEqual([99, 199, 299]);
  });

  it('is each tenant’s own for many writes at once too', async () => {
    const write = async (tenant: string): Promise<Answer> =>
      await world.ask('POST', '/v1/collections/settings/documents/write', {
        token: shop,
        body: { writes: [{ op: 'put', id: 'many', value: { n: 1 } }] },
        headers: { 'idempotency-key': 'import-1', 'x-lapidary-tenant': tenant },
      });
    for (const tenant of ['acme', 'other']) expect((await write(tenant)).headers['idempotency-replayed']).toBeUndefined();
    expect((await write('acme')).headers['idempotency-replayed']).toBe('true');
    expect((await world.ask('GET', '/v1/collections/settings/many?tenant=other')).body['value']).toEqual({ n: 1 });
    expect(refused(await write('nobody'))).toEqual([403, undefined, 'forbidden', undefined]);
  });

  it('shows nothing of a tenant that the stamp does not hold, or that is not there', async () => {
    await fill('held');
    await take('held', 'order-3', { header: 'acme' });
    await world.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, hlc) VALUES ('elsewhere', 'eu', 'pending', 1, 'pooled', '')`,
    );
    for (const tenant of ['elsewhere', 'nobody'])
      for (const named of [{ header: tenant }, { query: tenant }, { header: 'acme', query: tenant }])
        expect(refused(await take('held', 'order-3', named))).toEqual([403, undefined, 'forbidden', undefined]);
    expect(refused(await take('held', 'order-3', {}))).toEqual([400, undefined, 'invalid_input', undefined]);
    expect(await left('held')).toEqual([99, 200, 300]);
  });

  it('shows a stamp nothing any more once its tenant has moved, and again when it is back', async () => {
    await fill('moved');
    await take('moved', 'order-4', { header: 'acme' });
    await addStamp(world, 'eu-2', 100);
    await world.query(`UPDATE placement SET stamp = 'eu-2' WHERE tenant = 'acme' AND is_current`);
    expect(refused(await take('moved', 'order-4', { header: 'acme' }))).toEqual([403, undefined, 'forbidden', undefined]);
    await world.query(`UPDATE placement SET stamp = 'eu-1' WHERE tenant = 'acme' AND is_current`);
    expect(told(await take('moved', 'order-4', { header: 'acme' }))).toEqual([200, 'true', 'acme', 99]);
    expect((await left('moved'))[0]).toBe(99);
  });

  it('shows nothing where the residency has left this region out (I3), where the tenant is gone, or through another region', async () => {
    const headers = { 'idempotency-key': 'write-1' };
    const write = async (more: { token?: null; headers?: Record<string, string> } = {}): Promise<Answer> =>
      await world.ask('PUT', '/v1/collections/settings/secret?tenant=third', {
        body: { value: { of: 'CUSTOMERS' } },
        ...more,
        headers: { ...headers, ...more.headers },
      });
    expect((await write()).status).toBe(200);
    // Another region's token of the same name has the same actor.
    const peer = sealPrincipal({ actor: 'token:admin', via: 'bearer', bindings: [{ role: 'admin', region: '*' }] });
    expect(refused(await write({ token: null, headers: peer }))).toEqual([403, undefined, 'forbidden', undefined]);
    await world.query(`UPDATE tenant SET residency = '{us-law}' WHERE id = 'third'`);
    expect(refused(await write())).toEqual([422, undefined, 'residency_conflict', undefined]);
    await world.query(`UPDATE tenant SET residency = '{}' WHERE id = 'third'`);
    expect((await write()).headers['idempotency-replayed']).toBe('true');
    await world.query(`UPDATE tenant SET status = 'deleted' WHERE id = 'third'`);
    expect(refused(await write())).toEqual([404, undefined, 'not_found', undefined]);
    await world.query(`UPDATE tenant SET status = 'active' WHERE id = 'third'`);
  });

  it('shows nothing to who has lost the role since', async () => {
    const write = async (token: string): Promise<Answer> =>
      await world.ask('PUT', '/v1/collections/settings/role?tenant=acme', {
        token,
        body: { value: { n: 1 } },
        headers: { 'idempotency-key': 'write-2' },
      });
    expect((await write(await addToken(world, 'olga', 'operator'))).status).toBe(200);
    await world.query(`UPDATE role_binding SET role = 'viewer' WHERE principal = 'token:olga'`);
    // Who stands behind a secret is remembered for a second (authenticator.ts): another secret of hers is looked up now.
    const anew = 'olga-anew-0123456789';
    await world.query(`UPDATE api_token SET sha256 = $1 WHERE name = 'olga'`, [secretDigest(anew)]);
    expect(refused(await write(anew))).toEqual([403, undefined, 'forbidden', undefined]);
  });

  it('leaves a key free that was refused, for whom it is allowed to', async () => {
    await fill('free');
    expect((await take('free', 'order-5', { header: 'nobody' })).status).toBe(403);
    expect(told(await take('free', 'order-5', { header: 'acme' }))).toEqual([200, undefined, 'acme', 99]);
    expect(await world.query(`SELECT tenant FROM idempotency_key WHERE key = 'order-5'`)).toEqual([{ tenant: 'acme' }]);
  });

  it('is another request where the query says another thing', async () => {
    const remove = async (reason: string): Promise<Answer> =>
      await world.ask('DELETE', `/v1/tenants/other?reason=${reason}`, { headers: { 'idempotency-key': 'leave-1' } });
    expect((await remove('left')).status).toBe(200);
    expect((await remove('left')).headers['idempotency-replayed']).toBe('true');
    expect((await remove('fraud')).body['code']).toBe('idempotency_mismatch');
  });
});
