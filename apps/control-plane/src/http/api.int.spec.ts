import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { addStamp, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';

const waitMs = 60_000;

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
    for (const id of ['ash', 'birch', 'cedar', 'elm', 'fir', 'oak', 'pine', 'yew'])
      await world.ask('POST', '/v1/tenants', { body: tenantInput(id) });
    await world.ask('DELETE', '/v1/tenants/elm');
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
    await rm(consoleDir, { recursive: true });
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
      expect(await ids('limit=500')).not.toContain('elm');
      expect(await ids('status=deleted')).toContain('elm');
      expect(await ids('stamp=eu-1&region=eu&limit=500')).toContain('oak');
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

    it('an old "healthy" of a region that does not answer is not shown as news', async () => {
      await world.query(
        `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec, health)
         VALUES ('us-7', 'us', 'active', 'broad', 'small', 'pooled', 'local', 10, '{}', 'healthy')`,
      );
      const health = async (): Promise<unknown> => {
        const { body } = await world.ask('GET', '/v1/stamps/us-7');
        return body.healthReason ?? body.health;
      };
      expect(await health()).toBe('region us does not answer');
      await world.query(`INSERT INTO version_vector (origin, epoch, sequence, confirmed_at) VALUES ('us', 1, 0, now())`);
      expect(await health()).toBe('healthy');
      await world.query(`UPDATE version_vector SET confirmed_at = now() - interval '11 seconds'`);
      expect(await health()).toBe('region us does not answer');
      await world.query(`DELETE FROM version_vector`);
      await world.query(`DELETE FROM stamp WHERE name = 'us-7'`);
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
