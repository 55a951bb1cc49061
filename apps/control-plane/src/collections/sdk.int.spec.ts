import { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import { addStamp, addToken, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';

describe('the SDK of collections, against a real control plane', () => {
  let database: WorldDatabase;
  let world: World;
  let url: string;
  let token: string;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    await world.ask('POST', '/v1/tenants', { body: tenantInput('acme') });
    for (const [name, kind] of [
      ['settings', 'lww'],
      ['stock', 'counter'],
    ])
      await world.ask('PUT', `/v1/collections/${name}`, { body: { policy: { kind } } });
    token = await addToken(world, 'shop', 'viewer');
    await world.query(`UPDATE api_token SET stamp = 'eu-1' WHERE name = 'shop'`);
    await world.app.listen(0, '127.0.0.1');
    url = await world.app.getUrl();
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const clientOf = (tenant = 'acme'): CollectionsClient => new CollectionsClient({ url, token: () => token, tenant });

  it('writes with a stamp’s token, and reads, lists and removes what it wrote', async () => {
    const client = clientOf();
    await client.put('settings', 'a', { title: 'Cup' }, { ifNew: true });
    const changed = await client.patch('settings', 'a', { price: 5 });
    expect((await client.read('settings', 'a'))?.value).toEqual({ title: 'Cup', price: 5 });
    await client.put('settings', 'b', {});
    const ids: string[] = [];
    for await (const document of client.list('settings')) ids.push(document.id);
    expect(ids).toEqual(['a', 'b']);
    await expect(client.patch('settings', 'a', { price: 6 }, { ifMatch: '"other"' })).rejects.toMatchObject({ code: 'version_conflict' });
    await client.remove('settings', 'a', { ifMatch: changed.etag });
    expect(await client.read('settings', 'a')).toBeNull();
  });

  it('keeps what it has seen, and hands it on', async () => {
    const client = clientOf();
    await client.put('settings', 'c', {});
    expect(client.causalToken).toMatch(/^eu=1\.0~/);
    const other = clientOf();
    other.observe(client.causalToken);
    expect(other.causalToken).toBe(client.causalToken);
    other.observe('us=1.99');
    await expect(
      new CollectionsClient({ url, token: () => token, tenant: 'acme', attempts: 1 }).read('settings', 'c'),
    ).resolves.not.toBeNull();
  });

  it('says what was refused, by code', async () => {
    const client = clientOf();
    await client.operate('stock', 's', [{ op: 'add', units: 2 }]);
    await expect(client.operate('stock', 's', [{ op: 'subtract', units: 3 }])).rejects.toMatchObject({
      code: 'rights_exhausted',
      details: { rights: 2 },
    });
    await expect(clientOf('nobody').read('settings', 'a')).rejects.toMatchObject({ code: 'forbidden' });
    const nowhere = new CollectionsClient({ url: 'http://127.0.0.1:9', token: () => token, attempts: 2 });
    await expect(nowhere.put('settings', 'a', {})).rejects.toMatchObject({ code: 'api_unreachable' });
  });
});
