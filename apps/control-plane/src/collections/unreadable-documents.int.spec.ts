import { adminToken, openDatabase, openWorld, type Answer, type World, type WorldDatabase } from '../../test/world.js';

/** A row whose bytes have rotted is one document: the others of its collection are listed, watched and previewed, and it is named. */
describe('a document that can’t be read any more', () => {
  let database: WorldDatabase;
  let world: World;
  const at = '/v1/collections/settings';

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    expect((await world.ask('PUT', at, { body: { scope: 'fleet', policy: { kind: 'lww' } } })).status).toBe(200);
    await world.app.listen(0, '127.0.0.1');
    for (const id of ['a', 'b', 'c', 'd']) await world.ask('PUT', `${at}/${id}`, { body: { value: { id } } });
    await world.query(`UPDATE document SET packed = '{"times":' WHERE id = 'b'`);
    await world.query(`UPDATE document SET packed = '{"times":[],"fields":{"id":[1,7,"c"]},"alive":[0]}' WHERE id = 'c'`);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const shown = ({ body }: Answer): unknown[] => body.items!.map(({ id, value, unreadable }) => [id, value, unreadable]);

  it('is named in a page, and hides none of the others', async () => {
    const all = await world.ask('GET', `${at}/documents/list`);
    expect(all.status).toBe(200);
    expect(shown(all)).toEqual([
      ['a', { id: 'a' }, undefined],
      ['b', null, true],
      ['c', null, true],
      ['d', { id: 'd' }, undefined],
    ]);
    const first = await world.ask('GET', `${at}/documents/list?limit=2`);
    const second = await world.ask('GET', `${at}/documents/list?limit=2&cursor=${String(first.body['next'])}`);
    expect([...shown(first), ...shown(second)]).toEqual(shown(all));
  });

  it('is told from one that is not there, and no write is made on what nobody can read', async () => {
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', { value: { n: 1 } }],
      ['PATCH', { value: { n: 1 } }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await world.ask(method, `${at}/b`, { body });
      expect([method, answer.status, answer.body['code']]).toEqual([method, 500, 'document_unreadable']);
    }
    const many = await world.ask('POST', `${at}/documents/write`, {
      body: { writes: ['a', 'b'].map((id) => ({ id, op: 'patch', value: { n: 1 } })) },
    });
    expect([many.status, many.body['code']]).toEqual([500, 'document_unreadable']);
    expect((await world.ask('GET', `${at}/a`)).body['value']).toEqual({ id: 'a' });
  });

  it('is named to watchers, who go on to hear of the others', async () => {
    await world.query(`INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id)
      SELECT collection, kind, tenant, document, event || 'x', origin, hlc, actor, request_id FROM change WHERE document = 'b'`);
    const ending = new AbortController();
    const response = await fetch(`${await world.app.getUrl()}${at}/documents/watch`, {
      headers: { authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.any([ending.signal, AbortSignal.timeout(20_000)]),
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: synced')) text += (await reader.read()).value ?? '';
    await world.query(`INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id)
      SELECT collection, kind, tenant, document, event || 'y', origin, hlc, actor, request_id FROM change WHERE document = 'b' LIMIT 1`);
    await world.ask('PATCH', `${at}/d`, { body: { value: { later: true } } });
    while (!text.includes('later')) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    ending.abort();
    expect(text).toContain('"unreadable":true');
    expect(text).toContain('later');
    expect(text).not.toContain('event: end');
  });

  it('is counted by a preview of another policy, which shows what it would do to the others', async () => {
    await world.query(`UPDATE document SET conflicts = 1 WHERE id = 'b'`);
    const answer = await world.ask('POST', `${at}/policy/preview`, {
      body: { scope: 'fleet', policy: { kind: 'lww', rules: { id: 'highest' } } },
    });
    expect([answer.status, answer.body['unreadable']]).toEqual([201, 1]);
  });
});
