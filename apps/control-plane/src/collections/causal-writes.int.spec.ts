import { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import {
  addStamp,
  adminToken,
  openDatabase,
  openWorld,
  tenantInput,
  type Answer,
  type World,
  type WorldDatabase,
} from '../../test/world.js';
import { numberOutbox } from '../outbox/number-outbox.js';
import { handOver, openTwoRegions } from '../replication/testing/two-regions.js';
import { causalTokenOfAll, waitForCausal } from './causal-wait.js';
import { CollectionRegion, definitionOf } from './testing/collection-region.js';

describe('writes after what was seen elsewhere', () => {
  let database: WorldDatabase;
  let world: World;
  let url: string;
  const header = 'x-lapidary-causal';

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    await world.ask('POST', '/v1/tenants', { body: tenantInput('acme') });
    for (const [name, kind] of Object.entries({ settings: 'lww', stock: 'counter' }))
      await world.ask('PUT', `/v1/collections/${name}`, { body: { policy: { kind } } });
    await world.app.listen(0, '127.0.0.1');
    url = await world.app.getUrl();
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const at = (path: string): string => `/v1/collections/${path}?tenant=acme`;
  const written = async (): Promise<unknown> => await world.query(`SELECT collection, id, digest FROM document ORDER BY 1, 2`);
  const arrives = async (sequence: number): Promise<unknown> =>
    await world.query(
      `INSERT INTO version_vector (origin, epoch, sequence) VALUES ('us', 1, $1) ON CONFLICT (origin) DO UPDATE SET sequence = $1`,
      [sequence],
    );

  const writes: readonly (readonly [what: string, method: string, path: string, body: unknown])[] = [
    ['a whole document', 'PUT', 'settings/new', { value: { n: 1 } }],
    ['fields', 'PATCH', 'settings/old', { value: { n: 2 } }],
    ['an operation', 'POST', 'stock/sku', { operations: [{ op: 'add', units: 1 }] }],
    ['many documents', 'POST', 'settings/documents/write', { writes: [{ op: 'put', id: 'many', value: { n: 3 } }] }],
    ['a delete', 'DELETE', 'settings/old', undefined],
  ];

  it.each(writes)('%s: not done, and said so, where it does not come; done as soon as it does', async (what, method, path, body) => {
    await world.ask('PUT', at('settings/old'), { body: { value: { n: 0 } } });
    const before = await written();
    const sequence = 100 + writes.findIndex(([other]) => other === what);
    const key = { 'idempotency-key': `causal-${sequence}` };
    const write = async (token: string): Promise<Answer> =>
      await world.ask(method, at(path), { body, headers: { [header]: token, ...key } });
    const refused = await write(`us=1.${sequence}`);
    expect([refused.status, refused.body['code'], refused.headers['retry-after']]).toEqual([503, 'not_yet_here', '1']);
    expect(await written()).toEqual(before);
    expect((await write('rubbish')).status).toBe(400);
    const waiting = write(`us=1.${sequence}`);
    await arrives(sequence);
    const done = await waiting;
    expect([done.status, done.headers['idempotency-replayed']]).toEqual([200, undefined]);
    expect(await written()).not.toEqual(before);
    // What was seen and done stays so: the repeat waits for nothing.
    expect((await write(`us=1.${sequence}`)).headers['idempotency-replayed']).toBe('true');
  });

  it('are asked for by the SDK with all that it has seen, lists too', async () => {
    const client = new CollectionsClient({ url, token: () => adminToken, tenant: 'acme', attempts: 1 });
    await client.put('settings', 'sdk', { n: 1 });
    const reader = new CollectionsClient({ url, token: () => adminToken, tenant: 'acme', attempts: 1 });
    for await (const { id } of reader.list('settings', 'sdk')) expect(id).toBe('sdk');
    expect(reader.causalToken).toMatch(/^eu=1\.\d+~[0-9A-Z]{26},us=1\.\d+$/);
    reader.observe('us=1.900');
    await expect(reader.patch('settings', 'sdk', { n: 2 })).rejects.toMatchObject({ code: 'not_yet_here' });
    expect((await client.read('settings', 'sdk'))?.value).toEqual({ n: 1 });
    await arrives(900);
    await reader.patch('settings', 'sdk', { n: 2 });
    expect((await client.read('settings', 'sdk'))?.value).toEqual({ n: 2 });
  });
});

test('the token of a list is good in another region once all that it may have shown is there, also deletes, numbered or not', async () => {
  const two = await openTwoRegions();
  const [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
  const isThere = async (token: string): Promise<boolean> =>
    await waitForCausal(us.region.dataSource, us.region.name, token, 0).then(
      () => true,
      () => false,
    );
  const now = async (): Promise<string> => await causalTokenOfAll(eu.region.dataSource, eu.region.name);
  expect(await isThere(await now())).toBe(true);
  await eu.define('settings', definitionOf({ kind: 'lww' }));
  for (const id of ['a', 'b']) await eu.write('settings', id, { op: 'put', value: { n: 1 } });
  await handOver(two.eu, two.us);
  await eu.write('settings', 'a', { op: 'delete' });
  const waiting = await now();
  expect(await isThere(waiting)).toBe(false);
  await numberOutbox(eu.region.dataSource);
  const numbered = await now();
  expect([numbered.includes('~'), await isThere(numbered)]).toEqual([false, false]);
  await handOver(two.eu, two.us);
  expect([await isThere(waiting), await isThere(numbered), await us.value('settings', 'a')]).toEqual([true, true, null]);
  await two.close();
});
