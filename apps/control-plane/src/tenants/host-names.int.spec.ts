import { addStamp, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';

let database: WorldDatabase;
let world: World;

beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database);
  await addStamp(world, 'eu-1', 10);
  for (const id of ['acme', 'bolt']) await world.ask('POST', '/v1/tenants', { body: tenantInput(id) });
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const change = async (id: string, body: object, headers: Record<string, string> = {}) =>
  world.ask('PATCH', `/v1/tenants/${id}`, { body, headers });

test('host names of its own lead to a tenant: view, route, event and audit say so', async () => {
  const given = await change('acme', { hosts: ['www.example.com', 'shop.example.com', 'shop.example.com'] });
  expect([given.status, (given.body as { hosts?: string[] }).hosts!.slice(1)]).toEqual([200, ['shop.example.com', 'www.example.com']]);
  expect(given.headers.etag).not.toBe('"1"');
  const [route] = await world.query<{ body: object }>(`SELECT body FROM directory_entry WHERE key = 'tenant/acme'`);
  expect(route!.body).toMatchObject({ hosts: ['shop.example.com', 'www.example.com'], status: 'placed' });
  const [event] = await world.query<{ data: { hostClaims: object } }>(
    `SELECT data FROM outbox WHERE subject = 'tenant/acme' ORDER BY hlc DESC LIMIT 1`,
  );
  expect(Object.keys(event!.data.hostClaims).sort()).toEqual(['shop.example.com', 'www.example.com']);
  const [audit] = await world.query<{ details: object }>(
    `SELECT to_jsonb(a) AS details FROM audit a WHERE subject = 'tenant/acme' ORDER BY at DESC LIMIT 1`,
  );
  expect(JSON.stringify(audit!.details)).toContain('shop.example.com');
  // The same again changes nothing.
  const again = await change('acme', { hosts: ['shop.example.com', 'www.example.com'] }, { 'if-match': given.headers.etag as string });
  expect([again.status, again.headers.etag]).toEqual([200, given.headers.etag]);
});

test.each([
  ['another tenant’s', 'shop.example.com', 409, 'name_taken'],
  ['a default one', 'zed.lapidary.localhost', 400, 'invalid_input'],
  ['a wildcard', '*.example.com', 400, 'invalid_input'],
  ['an address', '10.0.0.1', 400, 'invalid_input'],
  ['upper case', 'Shop.example.com', 400, 'invalid_input'],
  ['a single label', 'shop', 400, 'invalid_input'],
  ['with a port', 'shop.example.com:80', 400, 'invalid_input'],
  ['too long', `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}.com`, 400, 'invalid_input'],
])('%s is refused, and said which it is', async (_what, host, status, code) => {
  const answer = await change('bolt', { hosts: ['bolt.example.com', host] });
  expect([answer.body.code, (answer.body as unknown as { fields: { path: string }[] }).fields[0]!.path]).toEqual([code, 'hosts.1']);
  expect(answer.status).toBe(status);
  expect(await world.query(`SELECT 1 FROM tenant_hostname WHERE tenant = 'bolt'`)).toEqual([]);
});
