import { addStamp, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';

/** Every table that a request could change. */
const tables = [
  'region',
  'stamp',
  'tenant',
  'tenant_hostname',
  'placement',
  'placement_decision',
  'outbox',
  'directory_entry',
  'idempotency_key',
  'audit',
  'job',
];

const fingerprint = async (world: World): Promise<unknown> => {
  const counts = tables.map(
    (t) => `SELECT '${t}' AS t, count(*)::int AS n, coalesce(sum(hashtextextended(to_jsonb(r)::text, 0)), 0)::text AS h FROM ${t} r`,
  );
  // The sealer fills sequence and hash of audit rows by itself; that is no effect of a request.
  return await world.query(
    counts.join(' UNION ALL ').replace('to_jsonb(r)::text, 0)), 0)::text AS h FROM audit r', `r.id, 0)), 0)::text AS h FROM audit r`),
  );
};

describe('requests that are wrong', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 1000);
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  describe('bad input gets a code and what to check, and changes nothing in any table', () => {
    const json = { 'content-type': 'application/json' };
    it.each<[string, string, string, { body?: unknown; headers?: Record<string, string>; token?: string | null }, number, string]>([
      ['a 300-character name', 'POST', '/v1/tenants', { body: tenantInput('a'.repeat(300)) }, 400, 'invalid_input'],
      ['a 300-character name in the path', 'GET', `/v1/tenants/${'a'.repeat(300)}`, {}, 400, 'invalid_input'],
      ['capital letters', 'POST', '/v1/tenants', { body: tenantInput('Acme') }, 400, 'invalid_input'],
      ['a NUL in a label', 'POST', '/v1/tenants', { body: tenantInput('bad', { labels: { note: 'a\u0000b' } }) }, 400, 'invalid_input'],
      ['an empty name', 'POST', '/v1/tenants', { body: tenantInput('') }, 400, 'invalid_input'],
      ['weight 0', 'POST', '/v1/tenants', { body: tenantInput('bad', { weight: 0 }) }, 400, 'invalid_input'],
      ['half a unit', 'POST', '/v1/tenants', { body: tenantInput('bad', { weight: 1.5 }) }, 400, 'invalid_input'],
      ['a weight beyond any stamp', 'POST', '/v1/tenants', { body: tenantInput('bad', { weight: 1e12 }) }, 400, 'invalid_input'],
      ['a weight as text', 'POST', '/v1/tenants', { body: tenantInput('bad', { weight: '1' }) }, 400, 'invalid_input'],
      ['an unknown region', 'POST', '/v1/tenants', { body: tenantInput('bad', { region: 'mars' }) }, 422, 'unknown_region'],
      [
        'a residency without the home region',
        'POST',
        '/v1/tenants',
        { body: tenantInput('bad', { residency: ['us'] }) },
        422,
        'residency_conflict',
      ],
      ['an unknown field', 'POST', '/v1/tenants', { body: tenantInput('bad', { colour: 'red' }) }, 400, 'invalid_input'],
      ['a missing field', 'POST', '/v1/tenants', { body: { id: 'bad' } }, 400, 'invalid_input'],
      [
        '33 labels',
        'POST',
        '/v1/tenants',
        { body: tenantInput('bad', { labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`l${n}`, ''])) }) },
        400,
        'invalid_input',
      ],
      [
        'prototype rubbish',
        'POST',
        '/v1/tenants',
        { body: '{"id":"bad","region":"eu","__proto__":{"weight":9}}', headers: json },
        400,
        'invalid_input',
      ],
      ['wrong JSON', 'POST', '/v1/tenants', { body: '{"id":', headers: json }, 400, 'invalid_input'],
      ['an empty body', 'POST', '/v1/tenants', { body: '', headers: json }, 400, 'invalid_input'],
      ['no body', 'POST', '/v1/tenants', {}, 400, 'invalid_input'],
      ['a list for an object', 'POST', '/v1/tenants', { body: '[]', headers: json }, 400, 'invalid_input'],
      ['XML', 'POST', '/v1/tenants', { body: '<a/>', headers: { 'content-type': 'application/xml' } }, 400, 'invalid_input'],
      ['65 kB', 'POST', '/v1/tenants', { body: tenantInput('bad', { reason: 'x'.repeat(66_000) }) }, 413, 'body_too_large'],
      ['a wait beyond the limit', 'POST', '/v1/tenants?wait=3600', { body: tenantInput('bad') }, 400, 'invalid_input'],
      [
        'an endless idempotency key',
        'POST',
        '/v1/tenants',
        { body: tenantInput('bad'), headers: { 'idempotency-key': 'k'.repeat(201) } },
        400,
        'invalid_input',
      ],
      [
        'an idempotency key with spaces',
        'POST',
        '/v1/tenants',
        { body: tenantInput('bad'), headers: { 'idempotency-key': 'a b' } },
        400,
        'invalid_input',
      ],
      ['no token', 'POST', '/v1/tenants', { body: tenantInput('bad'), token: null }, 401, 'unauthenticated'],
      ['a wrong token', 'POST', '/v1/tenants', { body: tenantInput('bad'), token: 'wrong' }, 401, 'unauthenticated'],
      ['no token on a read', 'GET', '/v1/stamps', { token: null }, 401, 'unauthenticated'],
      [
        'a forged forwarded principal',
        'POST',
        '/v1/tenants',
        { body: tenantInput('bad'), token: null, headers: { 'x-lapidary-forwarded-principal': 'e30', 'x-lapidary-forwarded-seal': '00' } },
        401,
        'unauthenticated',
      ],
      ['a stamp that is not there', 'POST', '/v1/stamps/eu-9/cordon', { body: { reason: 'x' } }, 404, 'not_found'],
      ['a cordon without reason', 'POST', '/v1/stamps/eu-1/cordon', { body: {} }, 400, 'invalid_input'],
      [
        'a stale If-Match',
        'POST',
        '/v1/stamps/eu-1/cordon',
        { body: { reason: 'x' }, headers: { 'if-match': '"999"' } },
        412,
        'version_conflict',
      ],
      ['a tenant that is not there', 'DELETE', '/v1/tenants/nobody', {}, 404, 'not_found'],
      ['an unknown path', 'GET', '/v1/nothing', {}, 404, 'not_found'],
      ['an unknown method', 'PUT', '/v1/tenants', { body: {} }, 404, 'not_found'],
      ['a cursor of one’s own', 'GET', '/v1/tenants?cursor=abc', {}, 400, 'invalid_input'],
      ['a limit of 0', 'GET', '/v1/tenants?limit=0', {}, 400, 'invalid_input'],
      ['an unknown status', 'GET', '/v1/tenants?status=gone', {}, 400, 'invalid_input'],
      ['a broken path escape', 'GET', '/v1/tenants/%zz', {}, 400, 'invalid_input'],
    ])('%s', async (_what, method, path, ask, status, code) => {
      const before = await fingerprint(world);
      const answer = await world.ask(method, path, ask);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(answer.body).toMatchObject({
        status,
        title: expect.any(String),
        detail: expect.any(String),
        check: expect.stringMatching(/\w/),
        requestId: answer.headers['x-request-id'],
      });
      expect(await fingerprint(world)).toEqual(before);
    });

    it('every wrong field is named at once', async () => {
      const { body } = await world.ask('POST', '/v1/tenants', { body: { id: 'A', region: 'EU', weight: 0, labels: { a: 1 }, x: 1 } });
      expect((body.fields as { path: string }[]).map((f) => f.path).sort()).toEqual(['', 'id', 'labels.a', 'region', 'weight']);
    });

    it('an unexpected failure tells the caller nothing but the request id', async () => {
      await world.query(`ALTER TABLE placement_decision RENAME TO hidden_away`);
      const answer = await world.ask('POST', '/v1/tenants', { body: tenantInput('unlucky'), headers: { 'x-request-id': 'look-me-up' } });
      await world.query(`ALTER TABLE hidden_away RENAME TO placement_decision`);
      expect([answer.status, answer.body.code, answer.body.requestId]).toEqual([500, 'internal', 'look-me-up']);
      expect(JSON.stringify(answer.body)).not.toMatch(/relation|placement_decision|SELECT|INSERT/);
      expect((await world.ask('GET', '/v1/tenants/unlucky')).status).toBe(404);
    });
  });
});
