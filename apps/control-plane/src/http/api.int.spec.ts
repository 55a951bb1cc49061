import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { waitFor } from '@lapidary/kernel/wait-for';
import { secretDigest } from '../auth/token-digest.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { verifyChain } from '../audit/verify-chain.js';
import { activateStamp, failStamp } from '../stamps/activate-stamp.js';
import { declareStamp } from '../stamps/declare-stamp.js';
import { registerAgent } from '../stamps/register-agent.js';
import {
  addStamp,
  adminToken,
  openDatabase,
  openWorld,
  outputsOf,
  specOf,
  tenantInput,
  type World,
  type WorldDatabase,
} from '../../test/world.js';

jest.setTimeout(120_000);
const waitMs = 30_000;

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

describe('the HTTP API', () => {
  let database: WorldDatabase;
  let world: World;
  let consoleDir: string;

  beforeAll(async () => {
    consoleDir = await mkdtemp(join(tmpdir(), 'lapidary-console-'));
    await mkdir(join(consoleDir, 'assets'));
    await writeFile(join(consoleDir, 'index.html'), '<!doctype html><title>console</title>');
    await writeFile(join(consoleDir, 'assets', 'app-1a2b.js'), 'export {};');
    database = await openDatabase();
    world = await openWorld(database, { consoleDir });
    await addStamp(world, 'eu-1', 1000);
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
    await rm(consoleDir, { recursive: true });
  });

  const addToken = async (name: string, role: string, region = '*'): Promise<string> => {
    const token = `token-of-${name}-0123456789`;
    await world.query(`INSERT INTO api_token (id, name, sha256) VALUES ($1, $1, $2)`, [name, secretDigest(token)]);
    await world.query(`INSERT INTO role_binding (principal, role, region) VALUES ($1, $2, $3)`, [`token:${name}`, role, region]);
    return token;
  };

  describe('bad input gets a code and what to check, and changes nothing in any table', () => {
    const json = { 'content-type': 'application/json' };
    it.each<[string, string, string, { body?: unknown; headers?: Record<string, string>; token?: string | null }, number, string]>([
      ['a 300-character name', 'POST', '/v1/tenants', { body: tenantInput('a'.repeat(300)) }, 400, 'invalid_input'],
      ['a 300-character name in the path', 'GET', `/v1/tenants/${'a'.repeat(300)}`, {}, 400, 'invalid_input'],
      ['capital letters', 'POST', '/v1/tenants', { body: tenantInput('Acme') }, 400, 'invalid_input'],
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

  describe('idempotency', () => {
    const key = (value: string): Record<string, string> => ({ 'idempotency-key': value });

    it('the same key 20 times at once creates one tenant, and everybody gets its answer', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => world.ask('POST', '/v1/tenants', { body: tenantInput('once'), headers: key('k-once') })),
      );
      expect(new Set(answers.map((a) => a.status))).toEqual(new Set([201]));
      expect(new Set(answers.map((a) => JSON.stringify(a.body, Object.keys(a.body).sort())))).toHaveProperty('size', 1);
      expect(answers.filter((a) => a.headers['idempotency-replayed'] === 'true')).toHaveLength(19);
      expect(answers.every((a) => a.headers.location === '/v1/tenants/once')).toBe(true);
      expect(await world.query(`SELECT count(*)::int AS n FROM outbox WHERE subject = 'tenant/once' AND type LIKE '%created%'`)).toEqual([
        { n: 1 },
      ]);
    });

    it('the same key with another request is refused', async () => {
      const answer = await world.ask('POST', '/v1/tenants', { body: tenantInput('twice'), headers: key('k-once') });
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_mismatch']);
    });

    it('the same key of somebody else is another key', async () => {
      const token = await addToken('bob', 'operator', 'eu');
      const answer = await world.ask('POST', '/v1/tenants', { body: tenantInput('of-bob'), headers: key('k-once'), token });
      expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([201, undefined]);
    });

    it('a refused request leaves its key free for the corrected one', async () => {
      expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('once'), headers: key('k-fix') })).body.code).toBe('name_taken');
      expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('fixed'), headers: key('k-fix') })).status).toBe(201);
    });
  });

  describe('optimistic concurrency', () => {
    it('of two changes on the same ETag one wins and the other gets 412 and changes nothing', async () => {
      const { headers } = await world.ask('POST', '/v1/tenants', { body: tenantInput('etag') });
      const etag = String(headers.etag);
      const change = (value: string) =>
        world.ask('PATCH', '/v1/tenants/etag', { body: { labels: { value } }, headers: { 'if-match': etag } });
      const answers = await Promise.all([change('a'), change('b'), change('c')]);
      expect(answers.map((a) => a.status).sort()).toEqual([200, 412, 412]);
      const winner = answers.find((a) => a.status === 200)!;
      const shown = await world.ask('GET', '/v1/tenants/etag');
      expect(shown.body.labels).toEqual(winner.body.labels);
      expect(shown.headers.etag).toBe(winner.headers.etag);
      expect((await world.ask('DELETE', '/v1/tenants/etag', { headers: { 'if-match': etag } })).status).toBe(412);
      expect((await world.ask('DELETE', '/v1/tenants/etag', { headers: { 'if-match': String(shown.headers.etag) } })).status).toBe(200);
    });

    it('placing tenants does not change a stamp’s ETag; asking for what is so already changes nothing', async () => {
      const before = await world.ask('GET', '/v1/stamps/eu-1');
      await world.ask('POST', '/v1/tenants', { body: tenantInput('onemore') });
      const ifMatch = { 'if-match': String(before.headers.etag) };
      const cordoned = await world.ask('POST', '/v1/stamps/eu-1/cordon', { body: { reason: 'why' }, headers: ifMatch });
      expect([cordoned.status, cordoned.body.cordoned, cordoned.body.cordonReason]).toEqual([200, true, 'why']);
      const again = await world.ask('POST', '/v1/stamps/eu-1/cordon', { body: { reason: 'why' } });
      expect(again.headers.etag).toBe(cordoned.headers.etag);
      expect((await world.ask('POST', '/v1/stamps/eu-1/uncordon', { headers: ifMatch })).status).toBe(412);
      expect((await world.ask('POST', '/v1/stamps/eu-1/uncordon')).body.cordoned).toBe(false);
    });
  });

  describe('who may do what', () => {
    it('a viewer reads and does not write; an operator writes in its region only', async () => {
      const viewer = await addToken('vera', 'viewer');
      const abroad = await addToken('otto', 'operator', 'us');
      expect((await world.ask('GET', '/v1/tenants', { token: viewer })).status).toBe(200);
      for (const token of [viewer, abroad]) {
        const refused = await world.ask('POST', '/v1/tenants', { body: tenantInput('nope'), token });
        expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
      }
      expect((await world.ask('GET', '/v1/audit/verify', { token: viewer })).body.code).toBe('forbidden');
    });

    it('a revoked or expired token is nobody', async () => {
      const token = await addToken('gone', 'admin');
      await world.query(`UPDATE api_token SET expires_at = now() - interval '1 second' WHERE name = 'gone'`);
      expect((await world.ask('GET', '/v1/tenants', { token })).status).toBe(401);
    });

    it('a request that a peer forwarded acts for its principal', async () => {
      const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'operator', region: 'eu' }] });
      expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('far-one'), token: null, headers })).status).toBe(201);
      expect(await world.query(`SELECT DISTINCT actor FROM audit WHERE subject = 'tenant/far-one'`)).toEqual([{ actor: 'token:far' }]);
    });

    it('a console session: cookie for the token, writes only from its own page, gone after log-out', async () => {
      const own = { host: 'fleet.test', origin: 'http://fleet.test' };
      expect((await world.ask('POST', '/v1/session', { body: { token: 'wrong' }, token: null })).status).toBe(401);
      expect(
        (
          await world.ask('POST', '/v1/session', {
            body: { token: adminToken },
            token: null,
            headers: { ...own, origin: 'http://evil.test' },
          })
        ).status,
      ).toBe(403);
      const begun = await world.ask('POST', '/v1/session', { body: { token: adminToken }, token: null, headers: own });
      expect([begun.status, begun.body.actor]).toEqual([200, 'token:admin']);
      const setCookie = String(begun.headers['set-cookie']);
      expect(setCookie).toMatch(/^lapidary_session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
      expect(setCookie).not.toContain(adminToken);
      const cookie = setCookie.split(';')[0]!;
      const asCookie = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
        world.ask(method, path, { token: null, headers: { cookie, ...headers }, body });
      expect((await asCookie('GET', '/v1/session', {})).body).toMatchObject({ actor: 'token:admin', via: 'cookie', region: 'eu' });
      expect((await asCookie('POST', '/v1/tenants', { host: 'fleet.test' }, tenantInput('csrf'))).status).toBe(403);
      expect((await asCookie('POST', '/v1/tenants', { ...own, origin: 'http://evil.test' }, tenantInput('csrf'))).status).toBe(403);
      expect((await asCookie('POST', '/v1/tenants', own, tenantInput('by-page'))).status).toBe(201);
      expect((await asCookie('DELETE', '/v1/session', own)).status).toBe(204);
      expect((await asCookie('GET', '/v1/session', {})).status).toBe(401);
    });
  });

  describe('audit', () => {
    it('I10: every write is attributed: who, what, why, which request', async () => {
      const headers = { 'x-request-id': 'req-77' };
      await world.ask('POST', '/v1/tenants', { body: tenantInput('audited', { reason: 'new customer' }), headers });
      await world.ask('PATCH', '/v1/tenants/audited', { body: { labels: { a: 'b' }, reason: 'sorting' }, headers });
      await world.ask('DELETE', '/v1/tenants/audited?reason=left', { headers });
      const { body } = await world.ask('GET', '/v1/audit?subject=tenant/audited');
      expect(body.items!.map((row) => [row.action, row.actor, row.reason, row.requestId]).reverse()).toEqual([
        ['tenant.created', 'token:admin', 'new customer', 'req-77'],
        ['tenant.placed', 'token:admin', 'new customer', 'req-77'],
        ['tenant.updated', 'token:admin', 'sorting', 'req-77'],
        ['tenant.deleted', 'token:admin', 'left', 'req-77'],
      ]);
      expect(
        await world.query(
          `SELECT subject FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = o.subject AND a.request_id = o.request_id)`,
        ),
      ).toEqual([]);
    });

    it('is sealed into a chain in which a changed, a dropped and a cut-off row are found', async () => {
      await waitFor(
        'everything to be sealed',
        async () => {
          const [left] = await world.query<{ n: number }>('SELECT count(*)::int AS n FROM audit WHERE sequence IS NULL');
          return left!.n === 0 ? true : undefined;
        },
        { timeoutMs: waitMs },
      );
      const good = await world.ask('GET', '/v1/audit/verify');
      expect(good.body).toEqual({ ok: true, checked: expect.any(Number), broken: null });
      const last = good.body.checked as number;
      const tampered = async (sql: string): Promise<unknown> =>
        await world.resources.dataSource.transaction(async (tx) => {
          await tx.query(sql);
          const report = await verifyChain(tx);
          await tx.query('ROLLBACK AND CHAIN');
          return report;
        });
      expect(await tampered(`UPDATE audit SET actor = 'token:innocent' WHERE sequence = 5`)).toMatchObject({
        ok: false,
        checked: 4,
        broken: { sequence: 5 },
      });
      expect(await tampered(`DELETE FROM audit WHERE sequence = 7`)).toMatchObject({
        ok: false,
        broken: { sequence: 7, why: 'the row is missing' },
      });
      expect(await tampered(`DELETE FROM audit WHERE sequence = ${last}`)).toMatchObject({ ok: false, broken: { sequence: last } });
      expect((await verifyChain(world.resources.dataSource)).ok).toBe(true);
    });
  });

  describe('stamps, as the jobs and the agents drive them', () => {
    const token = 'agent-token-0123456789';
    const register = (instanceId: string, given = token) =>
      world.inTx((tx, context) =>
        registerAgent(tx, context, world.resources.clock, {
          stamp: 'eu-5',
          token: given,
          instanceId,
          agentVersion: '1',
          workloadVersion: null,
          frontDoor: 'http://127.0.0.1:1',
        }),
      );

    it('P-HB3: a new agent process raises the epoch, the same one keeps it, a wrong token changes nothing', async () => {
      const { clock } = world.resources;
      await world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-5', 10)));
      await expect(register('A'.repeat(26))).rejects.toMatchObject({ code: 'not_ready' });
      await world.inTx((tx, context) => activateStamp(tx, context, clock, 'eu-5', outputsOf('eu-5', secretDigest(token))));
      expect((await register('A'.repeat(26))).epoch).toBe(1);
      expect((await register('A'.repeat(26))).epoch).toBe(1);
      await expect(register('C'.repeat(26), 'another-token-0123456789')).rejects.toMatchObject({ code: 'unauthenticated' });
      expect((await register('B'.repeat(26))).epoch).toBe(2);
      const epochs = await Promise.all(Array.from({ length: 8 }, (_, n) => register(String(n).repeat(26)).then((s) => s.epoch)));
      expect(epochs.sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
      expect(
        (await world.query<{ body: { epoch: number } }>(`SELECT body FROM directory_entry WHERE key = 'stamp/eu-5'`))[0]!.body.epoch,
      ).toBe(10);
    });

    it('a stamp that failed takes no tenants and can be declared anew; a retired one can’t', async () => {
      const { clock } = world.resources;
      await world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-6', 10)));
      const failed = await world.inTx((tx, context) => failStamp(tx, context, clock, 'eu-6', 'no quota'));
      expect(failed.status).toBe('failed');
      const anew = await world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-6', 20)));
      expect([anew.status, anew.capacity.units]).toEqual(['provisioning', 20]);
      await world.query(`UPDATE stamp SET status = 'retired' WHERE name = 'eu-6'`);
      await expect(world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-6', 20)))).rejects.toMatchObject({
        code: 'illegal_transition',
      });
    });
  });

  describe('reads', () => {
    it('pages hold every row once, whatever the page size', async () => {
      const all = (await world.ask('GET', '/v1/tenants?limit=500')).body.items!.map((t) => t.id);
      const seen: unknown[] = [];
      for (let path = '/v1/tenants?limit=3'; path !== '';) {
        const { body } = await world.ask('GET', path);
        seen.push(...body.items!.map((t) => t.id));
        path = body.next === null ? '' : `/v1/tenants?limit=3&cursor=${String(body.next)}`;
      }
      expect(seen).toEqual(all);
      expect(all.length).toBeGreaterThan(5);
    });

    it('deleted tenants are listed only on demand', async () => {
      const ids = async (query: string): Promise<unknown[]> =>
        (await world.ask('GET', `/v1/tenants?${query}`)).body.items!.map((t) => t.id);
      expect(await ids('limit=500')).not.toContain('audited');
      expect(await ids('status=deleted')).toContain('audited');
      expect(await ids('stamp=eu-1&region=eu&limit=500')).toContain('once');
      expect(await ids('region=us')).toEqual([]);
    });

    it('regions tell room, tenants and links', async () => {
      const { body } = await world.ask('GET', '/v1/regions');
      expect(body.items!.map((r) => r.name)).toEqual(['eu', 'us']);
      const eu = (await world.ask('GET', '/v1/regions/eu')).body;
      const [sum] = await world.query<{ units: number; n: number }>(
        `SELECT sum(p.units)::int AS units, count(*)::int AS n FROM placement p WHERE p.is_current`,
      );
      expect(eu).toMatchObject({ local: true, used: { units: sum!.units }, tenants: sum!.n, pending: 0, link: { state: 'self' } });
      expect((await world.ask('GET', '/v1/regions/us')).body).toMatchObject({
        local: false,
        tenants: 0,
        link: { state: 'cut', lagMs: null },
      });
      expect((await world.ask('GET', '/v1/regions/mars')).status).toBe(404);
    });

    it('?wait answers when the stamp has confirmed, or after the wait, and says which', async () => {
      const early = world.ask('POST', '/v1/tenants?wait=20', { body: tenantInput('waited') });
      await waitFor('the placement', async () => (await world.query(`SELECT 1 FROM placement WHERE tenant = 'waited'`))[0], {
        timeoutMs: waitMs,
      });
      await world.query(`UPDATE placement SET serving_at = now() WHERE tenant = 'waited'`);
      await world.query(`SELECT pg_notify('lapidary_serving', 'waited')`);
      expect(((await early).body.placement as { servingAt: unknown }).servingAt).toEqual(expect.any(String));
      const late = await world.ask('POST', '/v1/tenants?wait=1', { body: tenantInput('unheard') });
      expect([late.status, (late.body.placement as { servingAt: unknown }).servingAt]).toEqual([201, null]);
    });

    it('health, readiness, version, metrics and the API description need no token', async () => {
      expect((await world.ask('GET', '/healthz', { token: null })).body).toEqual({ status: 'ok' });
      await waitFor('readiness', async () => ((await world.ask('GET', '/readyz', { token: null })).status === 200 ? true : undefined), {
        timeoutMs: waitMs,
      });
      expect((await world.ask('GET', '/v1/version', { token: null })).body).toMatchObject({ api: 'v1', region: 'eu', engine: 'embedded' });
      const metrics = String((await world.ask('GET', '/metrics', { token: null })).body.text);
      expect(metrics).toContain('lapidary_http_requests_total{method="POST",route="/v1/tenants",status="201"}');
      const openapi = (await world.ask('GET', '/v1/openapi.json', { token: null })).body;
      expect(Object.keys(openapi.paths as object)).toEqual(
        expect.arrayContaining(['/v1/tenants', '/v1/stamps/{name}/cordon', '/v1/audit']),
      );
      expect(Object.keys((openapi.components as { schemas: object }).schemas)).toEqual(
        expect.arrayContaining(['CreateTenant', 'Tenant', 'Stamp', 'Problem', 'Decision']),
      );
    });

    it('a sane request id is echoed, another is replaced', async () => {
      expect((await world.ask('GET', '/v1/regions', { headers: { 'x-request-id': 'abc-1.2_3' } })).headers['x-request-id']).toBe(
        'abc-1.2_3',
      );
      expect((await world.ask('GET', '/v1/regions', { headers: { 'x-request-id': 'a\tb<script>' } })).headers['x-request-id']).toMatch(
        /^[0-9A-Z]{26}$/,
      );
    });

    it('the console: its page at every address that is not the API’s, hashed files for ever, a strict policy', async () => {
      const html = { accept: 'text/html' };
      const page = await world.ask('GET', '/stamps/eu-1?tab=x', { token: null, headers: html });
      expect([page.status, page.body.text]).toEqual([200, expect.stringContaining('<title>console')]);
      expect(page.headers['content-security-policy']).toContain("default-src 'self'");
      expect((await world.ask('GET', '/', { token: null, headers: html })).status).toBe(200);
      expect((await world.ask('GET', '/assets/app-1a2b.js', { token: null })).headers['cache-control']).toContain('immutable');
      expect((await world.ask('GET', '/assets/app-other.js', { token: null })).status).toBe(404);
      expect((await world.ask('GET', '/v1/nothing', { headers: html })).body.code).toBe('not_found');
      expect((await world.ask('GET', '/..%2f..%2fetc/passwd', { token: null })).status).toBe(404);
    });
  });
});
