import { waitFor } from '@lapidary/kernel/wait-for';
import { verifyChain } from '../audit/verify-chain.js';
import { addStamp, addToken, adminToken, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';
import { sealPrincipal } from './forwarded-principal.js';
import { secretDigest } from './token-digest.js';

const waitMs = 60_000;

describe('access and audit', () => {
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

  describe('who may do what', () => {
    it('a viewer reads and does not write; an operator writes in its region only', async () => {
      const viewer = await addToken(world, 'vera', 'viewer');
      const abroad = await addToken(world, 'otto', 'operator', 'us');
      expect((await world.ask('GET', '/v1/tenants', { token: viewer })).status).toBe(200);
      for (const token of [viewer, abroad]) {
        const refused = await world.ask('POST', '/v1/tenants', { body: tenantInput('nope'), token });
        expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
      }
      expect((await world.ask('GET', '/v1/audit/verify', { token: viewer })).body.code).toBe('forbidden');
    });

    it('a revoked or expired token is nobody', async () => {
      const token = await addToken(world, 'gone', 'admin');
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
      // TLS ends before us: the browser's own word for its page.
      const overTls = { body: { token: adminToken }, token: null, headers: { host: 'fleet.test', origin: 'https://fleet.test' } };
      expect(String((await world.ask('POST', '/v1/session', overTls)).headers['set-cookie'])).toMatch(/; Secure$/);
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

  describe('tokens', () => {
    const secret = 'a-secret-that-nobody-has-told-anybody';
    const create = (name: string, bindings: unknown, more: Record<string, unknown> = {}, token?: string) =>
      world.ask('POST', '/v1/tokens', {
        body: { name, sha256: secretDigest(`${secret}-${name}`), bindings, ...more },
        ...(token === undefined ? {} : { token }),
      });
    const viewer = [{ role: 'viewer', region: '*' }];

    it('an administrator lets somebody in with roles in regions, and ends that; both are in the audit, the secret nowhere', async () => {
      const made = await create('newcomer', [{ role: 'operator', region: 'us' }, ...viewer], { reason: 'joined the team' });
      expect(made.status).toBe(201);
      const token = `${secret}-newcomer`;
      expect((await world.ask('GET', '/v1/tenants', { token })).status).toBe(200);
      expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('not-here'), token })).status).toBe(403);
      const begun = await world.ask('POST', '/v1/session', { body: { token }, token: null });
      expect(begun.status).toBe(200);
      const listed = await world.ask('GET', '/v1/tokens?limit=500');
      expect(listed.body.items).toContainEqual(expect.objectContaining({ name: 'newcomer', revokedAt: null }));
      expect((await world.ask('POST', '/v1/tokens/newcomer/revoke', { body: { reason: 'left it' } })).body['revokedAt']).not.toBeNull();
      await waitFor(
        'the cached caller to be nobody',
        async () => ((await world.ask('GET', '/v1/tenants', { token })).status === 401 ? true : undefined),
        {
          timeoutMs: waitMs,
        },
      );
      expect(await world.query(`SELECT 1 FROM api_session s JOIN api_token t ON t.id = s.token WHERE t.name = 'newcomer'`)).toEqual([]);
      expect((await create('newcomer', viewer)).body.code).toBe('name_taken');
      const told = await world.query<{ action: string; reason: string }>(
        `SELECT action, reason FROM audit WHERE subject = 'token/newcomer' AND action IN ('token.created', 'token.revoked') ORDER BY position`,
      );
      expect(told).toEqual([
        { action: 'token.created', reason: 'joined the team' },
        { action: 'token.revoked', reason: 'left it' },
      ]);
      expect(JSON.stringify(await world.query('SELECT change FROM audit'))).not.toContain(secretDigest(token));
    });

    it('nobody gives away more than they have: an operator nothing, an administrator of a region nothing of another one', async () => {
      const operator = await addToken(world, 'op', 'operator');
      const regional = await addToken(world, 'regional', 'admin', 'eu');
      for (const [token, bindings] of [
        [operator, [{ role: 'viewer', region: 'eu' }]],
        [regional, viewer],
        [
          regional,
          [
            { role: 'viewer', region: 'eu' },
            { role: 'viewer', region: 'us' },
          ],
        ],
      ] as const)
        expect((await create('more', bindings, {}, token)).body.code).toBe('forbidden');
      expect((await world.ask('GET', '/v1/tokens', { token: operator })).body.code).toBe('forbidden');
      expect((await world.ask('POST', '/v1/tokens/regional/revoke', { body: { reason: 'no' }, token: operator })).body.code).toBe(
        'forbidden',
      );
      expect((await create('enough', [{ role: 'operator', region: 'eu' }], {}, regional)).status).toBe(201);
    });

    it('nobody is let in through another region, whatever that says of who asks', async () => {
      const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'admin', region: '*' }] });
      const asked = { token: null, headers };
      const body = { name: 'far', sha256: secretDigest('far'), bindings: viewer };
      expect((await world.ask('POST', '/v1/tokens', { ...asked, body })).body.code).toBe('forbidden');
      expect((await world.ask('GET', '/v1/tokens', asked)).body.code).toBe('forbidden');
      expect((await world.ask('POST', '/v1/tokens/regional/revoke', { ...asked, body: { reason: 'x' } })).body.code).toBe('forbidden');
    });

    it('what makes no sense is refused: an unknown region, an end that is over, the administrator’s own file', async () => {
      expect((await create('a', [{ role: 'viewer', region: 'mars' }])).body.code).toBe('unknown_region');
      expect((await create('a', viewer, { expiresAt: '2020-01-01T00:00:00Z' })).body.code).toBe('invalid_input');
      expect((await create('a/b', viewer)).body.code).toBe('invalid_input');
      expect((await world.ask('POST', '/v1/tokens/admin/revoke', { body: { reason: 'x' } })).body.code).toBe('illegal_transition');
      expect((await world.ask('POST', '/v1/tokens/nobody/revoke', { body: { reason: 'x' } })).body.code).toBe('not_found');
      expect(await world.query(`SELECT 1 FROM role_binding WHERE principal = 'token:a'`)).toEqual([]);
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
});
