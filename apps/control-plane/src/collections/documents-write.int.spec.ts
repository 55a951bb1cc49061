import { addStamp, openDatabase, openWorld, tenantInput, type Answer, type World, type WorldDatabase } from '../../test/world.js';

describe('writing many documents at once', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('acme') })).status).toBe(201);
    const policies = { settings: 'lww', stock: 'counter', orders: 'append', profiles: 'document' };
    for (const [name, kind] of Object.entries(policies)) {
      const policy = kind === 'document' ? { kind, genesis: { addresses: [] } } : { kind };
      await world.ask('PUT', `/v1/collections/${name}`, { body: { policy } });
    }
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const at = (collection: string, id: string): string => `/v1/collections/${collection}/${id}?tenant=acme`;
  const many = async (collection: string, writes: unknown[], headers: Record<string, string> = {}): Promise<Answer> =>
    await world.ask('POST', `/v1/collections/${collection}/documents/write?tenant=acme`, { body: { writes }, headers });
  const eventsOf = async (collection: string): Promise<{ id: string; subject: string }[]> =>
    await world.query(
      `SELECT id, subject FROM outbox WHERE type = 'lapidary.document.changed.v1' AND data->>'collection' = $1 ORDER BY position`,
      [collection],
    );

  it('writes many at once as one by one: in their order, each told and noted, and once however often it is asked', async () => {
    const before = (await eventsOf('settings')).length;
    const writes = [
      { op: 'put', id: 'm1', value: { n: 1 } },
      { op: 'put', id: 'm2', value: { n: 2 } },
      { op: 'patch', id: 'm1', value: { more: true } },
      { op: 'delete', id: 'm2' },
      { op: 'put', id: 'm3', value: { n: 3 } },
    ];
    const answer = await many('settings', writes, { 'idempotency-key': 'many-1' });
    expect([answer.status, answer.body]).toEqual([200, { changed: 5 }]);
    expect((await world.ask('GET', at('settings', 'm1'))).body['value']).toEqual({ n: 1, more: true });
    expect((await world.ask('GET', at('settings', 'm2'))).status).toBe(404);
    const again = await many('settings', writes, { 'idempotency-key': 'many-1' });
    expect([again.body, again.headers['x-lapidary-causal']]).toEqual([{ changed: 5 }, answer.headers['x-lapidary-causal']]);
    const events = (await eventsOf('settings')).slice(before);
    expect(events.map(({ subject }) => subject.split('/').at(-1))).toEqual(['m1', 'm2', 'm1', 'm2', 'm3']);
    // Whoever goes on from this answer has seen the last of them, and so all.
    expect(answer.headers['x-lapidary-causal']).toContain(events.at(-1)!.id);
    const noted: { document: string; event: string }[] = await world.query(
      `SELECT document, event FROM change WHERE collection = 'settings' AND document LIKE 'm_' ORDER BY event`,
    );
    expect(noted.map(({ event }) => event).sort()).toEqual(events.map(({ id }) => id).sort());
    // As if it had been written alone: the same state and tag.
    await world.ask('PUT', at('settings', 'alone'), { body: { value: { n: 3 } } });
    const [batched, alone] = [await world.ask('GET', at('settings', 'm3')), await world.ask('GET', at('settings', 'alone'))];
    expect([batched.body['value'], batched.body['conflicts']]).toEqual([alone.body['value'], alone.body['conflicts']]);
  });

  it('writes none of many where one can’t be done, and says which', async () => {
    await many('stock', [{ op: 'operate', id: 'few', operations: [{ op: 'add', units: 2 }] }]);
    const subtract = (id: string, units: number) => ({ op: 'operate', id, operations: [{ op: 'subtract', units }] });
    const before = await eventsOf('stock');
    const refused = await many('stock', [subtract('few', 1), subtract('few', 1), subtract('few', 1)]);
    expect([refused.status, refused.body['code'], refused.body['details']]).toEqual([
      409,
      'rights_exhausted',
      { rights: 0, asked: 1, region: 'eu', write: 2, id: 'few' },
    ]);
    expect((await world.ask('GET', at('stock', 'few'))).body['value']).toBe(2);
    expect(await eventsOf('stock')).toEqual(before);
    expect((await many('stock', [subtract('few', 1), subtract('few', 1)])).body).toEqual({ changed: 2 });
    expect((await world.ask('GET', at('stock', 'few'))).body['value']).toBe(0);
    const list = { op: 'operate', id: 'p', operations: [{ op: 'insert', path: ['addresses'], index: 0, values: ['Rome'] }] };
    expect((await many('profiles', [{ op: 'put', id: 'p', value: { addresses: [] } }, list, list])).body).toEqual({ changed: 3 });
    expect((await world.ask('GET', at('profiles', 'p'))).body['value']).toEqual({ addresses: ['Rome', 'Rome'] });
    expect((await many('orders', [{ op: 'patch', id: 'o', value: {} }])).status).toBe(400);
    expect((await many('settings', [])).status).toBe(400);
    expect((await many('settings', [{ op: 'put', id: 'x', value: {}, ifMatch: 'y' }])).status).toBe(400);
    expect(
      (
        await many(
          'settings',
          Array.from({ length: 201 }, (_, i) => ({ op: 'put', id: `x${i}`, value: {} })),
        )
      ).status,
    ).toBe(400);
    const foreign = await world.ask('POST', '/v1/collections/settings/documents/write', { body: { writes: [{ op: 'delete', id: 'a' }] } });
    expect(foreign.status).toBe(400);
  });
});
