import { addStamp, addToken, openDatabase, openWorld, tenantInput, type Answer, type World, type WorldDatabase } from '../../test/world.js';

describe('the API of collections', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    for (const id of ['acme', 'other']) expect((await world.ask('POST', '/v1/tenants', { body: tenantInput(id) })).status).toBe(201);
    await define('settings', { kind: 'lww' });
    await define('stock', { kind: 'counter' });
    await define('orders', { kind: 'append' });
    await define('profiles', { kind: 'document', genesis: { addresses: [] } });
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const define = async (name: string, policy: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<Answer> =>
    await world.ask('PUT', `/v1/collections/${name}`, { body: { policy, ...more } });
  const at = (collection: string, id: string, tenant = 'acme'): string => `/v1/collections/${collection}/${id}?tenant=${tenant}`;
  const operate = async (id: string, operation: Record<string, unknown>): Promise<Answer> =>
    await world.ask('POST', at('stock', id), { body: { operations: [operation] } });

  it('writes, reads, changes, lists and deletes a document', async () => {
    const put = await world.ask('PUT', at('settings', 'a'), { body: { value: { title: 'Cup', price: 5 } } });
    expect([put.status, put.body['value']]).toEqual([200, { title: 'Cup', price: 5 }]);
    await world.ask('PATCH', at('settings', 'a'), { body: { value: { price: 6, title: null } } });
    const read = await world.ask('GET', at('settings', 'a'));
    expect([read.body['value'], read.body['conflicts']]).toEqual([{ price: 6 }, 0]);
    await world.ask('PUT', at('settings', 'b'), { body: { value: {} } });
    const page = await world.ask('GET', '/v1/collections/settings/documents/list?tenant=acme&limit=1');
    expect([page.body.items?.map((d) => d['id']), typeof page.body['next']]).toEqual([['a'], 'string']);
    expect((await world.ask('DELETE', at('settings', 'a'))).status).toBe(200);
    expect((await world.ask('GET', at('settings', 'a'))).status).toBe(404);
    expect((await world.ask('PATCH', at('settings', 'a'), { body: { value: { x: 1 } } })).body['code']).toBe('not_found');
  });

  it('holds a write to the tag it is based on, and repeats one with the same key', async () => {
    const put = await world.ask('PUT', at('settings', 'tag'), {
      body: { value: { n: 1 } },
      headers: { 'idempotency-key': 'k1', 'if-none-match': '*' },
    });
    const again = await world.ask('PUT', at('settings', 'tag'), {
      body: { value: { n: 1 } },
      headers: { 'idempotency-key': 'k1', 'if-none-match': '*' },
    });
    expect([again.status, again.headers['idempotency-replayed'], again.headers['x-lapidary-causal']]).toEqual([
      200,
      'true',
      put.headers['x-lapidary-causal'],
    ]);
    const etag = String(put.headers['etag']);
    expect((await world.ask('PATCH', at('settings', 'tag'), { body: { value: { n: 2 } }, headers: { 'if-match': etag } })).status).toBe(
      200,
    );
    expect((await world.ask('PATCH', at('settings', 'tag'), { body: { value: { n: 3 } }, headers: { 'if-match': etag } })).status).toBe(
      412,
    );
    expect((await world.ask('GET', at('settings', 'tag'))).body['value']).toEqual({ n: 2 });
  });

  it('counts with rights, and says what is left where they are exhausted', async () => {
    const added = await operate('s', { op: 'add', units: 3 });
    expect([added.body['value'], added.body['rights']]).toEqual([3, { eu: 3 }]);
    const refused = await operate('s', { op: 'subtract', units: 4 });
    expect([refused.status, refused.body['code'], refused.body['details']]).toEqual([
      409,
      'rights_exhausted',
      { rights: 3, asked: 4, region: 'eu' },
    ]);
    expect((await operate('s', { op: 'give', units: 2, to: 'us' })).body).toMatchObject({ value: 3, rights: { eu: 1, us: 2 } });
    expect((await operate('s', { op: 'give', units: 1, to: 'eu' })).status).toBe(400);
    expect((await world.ask('PUT', at('stock', 's'), { body: { value: 9 } })).status).toBe(400);
  });

  it('gives rights only where somebody can use them, so that no stock is lost to a region that there is not, or that may not have the document', async () => {
    await world.ask('POST', '/v1/tenants', { body: tenantInput('strict', { residency: ['eu'] }) });
    for (const tenant of ['acme', 'strict'])
      await world.ask('POST', at('stock', 'lost', tenant), { body: { operations: [{ op: 'add', units: 3 }] } });
    const give = { operations: [{ op: 'give', units: 2, to: 'nowhere' }] };
    const typo = await world.ask('POST', at('stock', 'lost'), { body: give });
    expect([typo.status, typo.body['code']]).toEqual([404, 'not_found']);
    const many = { writes: [{ id: 'lost', op: 'operate', ...give }] };
    expect((await world.ask('POST', '/v1/collections/stock/documents/write?tenant=acme', { body: many })).status).toBe(404);
    const away = await world.ask('POST', at('stock', 'lost', 'strict'), { body: { operations: [{ op: 'give', units: 2, to: 'us' }] } });
    expect([away.status, away.body['code']]).toEqual([422, 'residency_conflict']);
    for (const tenant of ['acme', 'strict'])
      expect((await world.ask('GET', at('stock', 'lost', tenant))).body['rights']).toEqual({ eu: 3 });
  });

  it('appends once, and refuses another body under the id, changes and deletes', async () => {
    for (let i = 0; i < 2; i++) expect((await world.ask('PUT', at('orders', 'o1'), { body: { value: { total: 9 } } })).status).toBe(200);
    expect((await world.ask('PUT', at('orders', 'o1'), { body: { value: { total: 8 } } })).body['code']).toBe('entry_differs');
    expect((await world.ask('DELETE', at('orders', 'o1'))).status).toBe(400);
    expect((await world.query(`SELECT 1 FROM outbox WHERE subject = 'document/orders/acme/o1'`)).length).toBe(1);
  });

  it('edits a nested document in place, in the thread of nested documents', async () => {
    await world.ask('PUT', at('profiles', 'p'), { body: { value: { name: 'Ann', addresses: [] } } });
    const body = { operations: [{ op: 'insert', path: ['addresses'], index: 0, values: [{ city: 'Bonn' }] }] };
    expect((await world.ask('POST', at('profiles', 'p'), { body })).body['value']).toEqual({ addresses: [{ city: 'Bonn' }], name: 'Ann' });
    const wrong = await world.ask('POST', at('profiles', 'p'), { body: { operations: [{ op: 'remove', path: ['nothing', 'here'] }] } });
    expect([wrong.status, wrong.body['code']]).toEqual([400, 'invalid_input']);
    expect((await world.ask('GET', at('profiles', 'p'))).body['value']).toEqual({ addresses: [{ city: 'Bonn' }], name: 'Ann' });
  });

  it('keeps tenants apart, and a stamp’s token to the tenants that the stamp holds now', async () => {
    await world.ask('PUT', at('settings', 'mine'), { body: { value: { a: 1 } } });
    expect((await world.ask('GET', at('settings', 'mine', 'other'))).status).toBe(404);
    expect((await world.ask('GET', '/v1/collections/settings/mine')).status).toBe(400);
    expect((await world.ask('PUT', at('settings', 'x', 'nobody'), { body: { value: {} } })).status).toBe(404);
    const token = await addToken(world, 'shop', 'viewer');
    await world.query(`UPDATE api_token SET stamp = 'eu-1' WHERE name = 'shop'`);
    await world.query(`DELETE FROM role_binding WHERE principal = 'token:shop'`);
    const headers = { 'x-lapidary-tenant': 'acme' };
    expect((await world.ask('GET', '/v1/collections/settings/mine', { token, headers })).status).toBe(200);
    expect((await world.ask('PATCH', '/v1/collections/settings/mine', { token, headers, body: { value: { a: 2 } } })).status).toBe(200);
    expect((await world.ask('GET', '/v1/tenants', { token })).status).toBe(403);
    expect((await world.ask('PUT', '/v1/collections/settings', { token, body: { policy: { kind: 'lww' } } })).status).toBe(403);
    await world.query(`UPDATE placement SET is_current = false WHERE tenant = 'acme'`);
    expect((await world.ask('GET', '/v1/collections/settings/mine', { token, headers })).status).toBe(403);
    await world.query(`UPDATE placement SET is_current = true WHERE tenant = 'acme'`);
    expect((await world.ask('GET', '/v1/collections/settings/mine', { token: null })).status).toBe(401);
    const viewer = await addToken(world, 'reader', 'viewer');
    expect((await world.ask('PUT', at('settings', 'mine'), { token: viewer, body: { value: {} } })).status).toBe(403);
  });

  it('has documents of a tenant only where its residency allows them (I3)', async () => {
    await world.ask('POST', '/v1/tenants', { body: tenantInput('strict', { residency: ['eu'] }) });
    expect((await world.ask('PUT', at('settings', 'a', 'strict'), { body: { value: {} } })).status).toBe(200);
    await world.query(
      `INSERT INTO tenant (id, home_region, status, weight, residency, tier, hlc) VALUES ('abroad', 'us', 'pending', 1, '{us-law}', 'pooled', '')`,
    );
    const refused = await world.ask('PUT', at('settings', 'a', 'abroad'), { body: { value: {} } });
    expect([refused.body['code'], refused.body['details']]).toEqual(['residency_conflict', { region: 'eu', homeRegion: 'us' }]);
    expect((await world.ask('GET', at('settings', 'a', 'abroad'))).body['code']).toBe('residency_conflict');
  });

  it('changes the residency, but not so that the tenant’s own place is left out (I3)', async () => {
    const patch = async (residency: string[]): Promise<Answer> =>
      await world.ask('PATCH', '/v1/tenants/strict', { body: { residency, reason: 'new contract' } });
    expect((await patch(['us'])).body['code']).toBe('residency_conflict');
    expect((await patch(['eu-law', 'us'])).body['residency']).toEqual(['eu-law', 'us']);
    expect((await world.ask('PATCH', '/v1/tenants/strict', { body: {} })).status).toBe(400);
    expect(await world.query(`SELECT reason FROM audit WHERE subject = 'tenant/strict' AND action = 'tenant.updated'`)).toEqual([
      { reason: 'new contract' },
    ]);
  });

  it('shows what tenants’ customers wrote to operators, and to viewers that it is there', async () => {
    await world.ask('PUT', at('settings', 'private'), { body: { value: { secret: 'CUSTOMERS' } } });
    const viewer = await addToken(world, 'onlooker', 'viewer');
    const abroad = await addToken(world, 'faraway', 'operator', 'us');
    for (const token of [viewer, abroad]) {
      expect((await world.ask('GET', at('settings', 'private'), { token })).status).toBe(403);
      expect((await world.ask('GET', '/v1/collections/settings/documents/list?tenant=acme', { token })).status).toBe(403);
    }
  });

  it('waits for what was seen elsewhere, and says so where it does not come', async () => {
    const put = await world.ask('PUT', at('settings', 'c'), { body: { value: {} } });
    expect(put.headers['x-lapidary-causal']).toMatch(/^eu=1\.0~[0-9A-Z]{26}$/);
    const own = { 'x-lapidary-causal': String(put.headers['x-lapidary-causal']) };
    expect((await world.ask('GET', at('settings', 'c'), { headers: own })).status).toBe(200);
    const ahead = await world.ask('GET', at('settings', 'c'), { headers: { 'x-lapidary-causal': 'us=1.5' } });
    expect([ahead.status, ahead.body['code'], ahead.headers['retry-after']]).toEqual([503, 'not_yet_here', '1']);
    const waiting = world.ask('GET', at('settings', 'c'), { headers: { 'x-lapidary-causal': 'us=1.5' } });
    await world.query(`INSERT INTO version_vector (origin, epoch, sequence) VALUES ('us', 1, 5)`);
    expect((await waiting).status).toBe(200);
    expect((await world.ask('GET', at('settings', 'c'), { headers: { 'x-lapidary-causal': 'rubbish' } })).status).toBe(400);
  });

  it('holds documents to their budgets', async () => {
    await define('small', { kind: 'lww' }, { budgets: { documentBytes: 256 } });
    const large = await world.ask('PUT', at('small', 'a'), { body: { value: { text: 'x'.repeat(300) } } });
    expect([large.status, large.body['code']]).toEqual([409, 'budget_exceeded']);
    expect((await world.ask('GET', at('small', 'a'))).status).toBe(404);
  });

  it('changes a policy by version, and never its kind', async () => {
    const shown = await world.ask('GET', '/v1/collections/settings');
    expect(
      (await world.ask('PUT', '/v1/collections/settings', { body: { policy: { kind: 'lww' } }, headers: { 'if-match': '"9"' } })).status,
    ).toBe(412);
    const changed = await define('settings', { kind: 'lww', rules: { price: 'highest' } });
    expect(changed.body['version']).toBe(Number(shown.body['version']) + 1);
    expect((await define('settings', { kind: 'counter' })).body['code']).toBe('illegal_transition');
    expect((await world.query(`SELECT 1 FROM audit WHERE subject = 'collection/settings'`)).length).toBe(2);
  });

  it('says which budgets a collection has passed, also by what other regions wrote', async () => {
    await define(
      'profiles',
      { kind: 'document', genesis: { addresses: [] } },
      { budgets: { documentBytes: 256, documents: 1, changes: 16 } },
    );
    await world.query(`UPDATE document SET state = jsonb_set(state, '{changes}', '99'), bytes = 999 WHERE collection = 'profiles'`);
    await world.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
       SELECT collection, kind, tenant, 'second', state, exists, digest, bytes, conflicts, latest FROM document WHERE collection = 'profiles'`,
    );
    expect((await world.ask('GET', '/v1/collections/profiles')).body['findings']).toEqual([
      { budget: 'documents', limit: 1, actual: 2 },
      { budget: 'documentBytes', limit: 256, actual: 999 },
      { budget: 'changes', limit: 16, actual: 99 },
    ]);
  });

  it('refuses rubbish and changes nothing', async () => {
    const before = await world.query('SELECT 1 FROM outbox');
    for (const [method, path, body] of [
      ['PUT', at('settings', 'a'), { value: 'no object' }],
      ['PUT', at('settings', 'a'), { value: { 'no name': 1 } }],
      ['PUT', at('settings', 'a'), { value: { a: 'zero \u0000' } }],
      ['PUT', at('settings', '..'), { value: {} }],
      ['PUT', at('nowhere', 'a'), { value: {} }],
      ['POST', at('stock', 's'), { operations: [{ op: 'subtract', units: -5 }] }],
      ['POST', at('stock', 's'), { operations: [{ op: 'add', units: 0.5 }] }],
      ['PUT', '/v1/collections/UPPER', { policy: { kind: 'lww' } }],
      ['PUT', '/v1/collections/ok', { policy: { kind: 'lww', rules: { a: 'whatever' } } }],
    ] as const) {
      const answer = await world.ask(method, path, { body });
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
    }
    expect(await world.query('SELECT 1 FROM outbox')).toHaveLength(before.length);
  });

  it('previews a policy on open conflicts and on the ledger', async () => {
    await world.query(`UPDATE document SET conflicts = 1, packed = NULL, state = $1::jsonb WHERE collection = 'settings' AND id = 'c'`, [
      JSON.stringify({
        kind: 'lww',
        fields: {
          size: {
            siblings: [
              { at: '0000000000005.0000.eu', value: 9 },
              { at: '0000000000006.0000.us', value: 2 },
            ],
            seen: { eu: '0000000000005.0000.eu', us: '0000000000006.0000.us' },
          },
        },
        alive: { siblings: [{ at: '0000000000006.0000.us', value: true }], seen: { us: '0000000000006.0000.us' } },
      }),
    ]);
    const preview = await world.ask('POST', '/v1/collections/settings/policy/preview', {
      body: { policy: { kind: 'lww', rules: { size: 'highest' } } },
    });
    expect(preview.body).toMatchObject({
      documents: 1,
      changes: [{ tenant: 'acme', id: 'c', field: 'size', before: 2, after: 9, from: 'state' }],
      refused: null,
    });
    expect(preview.body['cut']).toBeUndefined();
    await world.query(`INSERT INTO conflict (id, collection, tenant, field, policy, subject, winner, loser, cause, detected_at)
                       SELECT 'many' || n, 'settings', 'acme', 'size', 'lww', 'document/settings/acme/c', '{"value":1}', '{"value":2}', 'concurrent', now() - interval '1 day'
                         FROM generate_series(1, 1001) AS n`);
    const many = await world.ask('POST', '/v1/collections/settings/policy/preview', { body: { policy: { kind: 'lww' } } });
    expect(many.body).toMatchObject({ documents: 1, ledger: 1_000, cut: ['ledger'] });
    const kind = await world.ask('POST', '/v1/collections/settings/policy/preview', { body: { policy: { kind: 'append' } } });
    expect(kind.body['refused']).toContain('kind lww');
  });
});
