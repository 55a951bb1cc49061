import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { waitFor } from '@lapidary/kernel/wait-for';
import { startFleet, type Fleet } from './fleet.js';
import { throughRouter } from './router-client.js';

/** The README's commands as a newcomer types them, on a fleet of two regions that starts from nothing. */
let fleet: Fleet;

const servedMs = 30_000;
/** The first look starts the planner and builds the stack in which drift is planted. */
const lookedMs = 120_000;
const host = (tenant: string): string => `${tenant}.lapidary.localhost`;

const served = (region: string, tenant: string, path = '/api/whoami', at = host(tenant)) =>
  waitFor(
    `${at} to be served by the router of ${region}`,
    async () => {
      const answer = await throughRouter(fleet.run.regions[region]!.router, at, path).catch(() => undefined);
      return answer?.status === 200 ? answer : undefined;
    },
    { timeoutMs: servedMs, intervalMs: 100 },
  );

beforeAll(async () => {
  fleet = await startFleet({ name: 'main-job' });
});
afterAll(async () => fleet?.stop());

test('npm start ends ready with both regions, a token only its owner can read, and eu-1 and us-1 serving', async () => {
  expect(fleet.run.ready).toBe(true);
  expect(Object.keys(fleet.run.regions).sort()).toEqual(['eu', 'us']);
  expect(statSync(fleet.run.tokenFile).mode & 0o077).toBe(0);
  const { stdout, code } = await fleet.stampctl(['stamps', 'ls', '-o', 'json']);
  expect(code).toBe(0);
  const stamps = JSON.parse(stdout).items as { name: string; status: string }[];
  expect(stamps.map((s) => `${s.name} ${s.status}`).sort()).toEqual(['eu-1 active', 'us-1 active']);
});

test('stampctl provision eu-2 shows every step on stderr and returns when the stamp serves; again it says "no changes"', async () => {
  const first = await fleet.stampctl(['provision', 'eu-2']);
  expect(first).toMatchObject({ code: 0 });
  for (const step of ['1/5 ✓', '2/5 ✓', '3/5 ✓', '4/5 ✓', '5/5 ✓']) expect(first.stderr).toContain(step);
  const stamp = JSON.parse((await fleet.stampctl(['stamps', 'show', 'eu-2', '-o', 'json'])).stdout) as {
    status: string;
    epoch: number;
    frontDoors: string[];
  };
  expect(stamp.status).toBe('active');
  expect((await fetch(`${stamp.frontDoors[0]}/_lapidary/healthz`)).status).toBe(200);

  const second = await fleet.stampctl(['provision', 'eu-2']);
  expect(second.code).toBe(0);
  expect(`${second.stdout}${second.stderr}`).toMatch(/no changes/i);
});

test('a tenant is created, explained, served by the storefront of its stamp, and the route is explained', async () => {
  const created = await fleet.stampctl(['tenants', 'create', 'acme', '--region', 'eu', '-o', 'json']);
  expect(created.code).toBe(0);
  const tenant = JSON.parse(created.stdout) as { status: string; placement: { stamp: string; epoch: number; servingAt: string | null } };
  expect(tenant.status).toBe('placed');
  expect(tenant.placement.servingAt).not.toBeNull();

  const explained = await fleet.stampctl(['tenants', 'explain', 'acme']);
  expect(explained.code).toBe(0);
  for (const stamp of ['eu-1', 'eu-2', 'us-1']) expect(explained.stdout).toContain(stamp);
  expect(Math.max(...explained.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);

  const answer = await served('eu', 'acme');
  expect(JSON.parse(answer.body)).toMatchObject({ tenant: 'acme', stamp: tenant.placement.stamp });
  expect(answer.headers['x-lapidary-stamp']).toBe(tenant.placement.stamp);
  expect((await throughRouter(fleet.run.regions.eu!.router, host('acme'), '/api/orders')).status).toBe(200);

  const route = await fleet.stampctl(['route', host('acme'), '-o', 'json']);
  expect(JSON.parse(route.stdout)).toMatchObject({ action: 'forward', tenant: 'acme', stamp: tenant.placement.stamp, epoch: 1 });
});

test('the other region learns of the tenant and its router serves it too; a tenant of us is created through the API of eu', async () => {
  await served('us', 'acme');
  const created = await fleet.stampctl(['tenants', 'create', 'borealis', '--region', 'us', '-o', 'json']);
  expect(created.code).toBe(0);
  const tenant = JSON.parse(created.stdout) as { region: string; placement: { stamp: string } };
  expect(tenant).toMatchObject({ region: 'us', placement: { stamp: 'us-1' } });
  await served('us', 'borealis');
  await served('eu', 'borealis');
});

test('a host name of its own leads to a tenant through the routers of both regions, until it is taken back', async () => {
  const added = await fleet.stampctl(['tenants', 'hosts', 'add', 'acme', 'Shop.Example.com']);
  expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('shop.example.com') as string });
  for (const region of ['eu', 'us'])
    expect(JSON.parse((await served(region, 'acme', '/api/whoami', 'shop.example.com')).body)).toMatchObject({ tenant: 'acme' });
  expect((await fleet.stampctl(['tenants', 'hosts', 'rm', 'acme', 'shop.example.com'])).code).toBe(0);
  for (const region of ['eu', 'us'])
    await waitFor(
      `shop.example.com to be nobody’s in ${region}`,
      async () => (await throughRouter(fleet.run.regions[region]!.router, 'shop.example.com', '/')).status === 404 || undefined,
      { timeoutMs: servedMs, intervalMs: 100 },
    );
});

test('each region keeps its own drift, and the API of either answers for both', async () => {
  const api = fleet.api('eu');
  for (const region of ['eu', 'us'])
    expect((await api.get(`/v1/drift?region=${region}`)).body).toMatchObject({ region, open: { info: 0, warning: 0, critical: 0 } });
  const asked = (await api.post('/v1/drift/runs', { stamp: 'us-1' })).body as { id: string };
  expect(asked).toMatchObject({ region: 'us', stamp: 'us-1' });
  const run = await waitFor(
    'us to have looked at us-1',
    async () => {
      const { body } = await api.get(`/v1/drift/runs/${asked.id}`);
      return (body as { status: string }).status === 'done' ? body : undefined;
    },
    { timeoutMs: lookedMs, intervalMs: 100 },
  );
  expect(run).toMatchObject({ region: 'us', appeared: 0, error: null });
  expect(JSON.parse((await fleet.stampctl(['drift', 'ls', '-o', 'json'])).stdout)).toEqual({ items: [], next: null, missing: [] });
});

test('an unknown tenant is answered 404 and a stamp refuses what it does not hold with 421 (I4)', async () => {
  const router = fleet.run.regions.eu!.router;
  expect((await throughRouter(router, host('nobody'), '/')).status).toBe(404);
  const stamps = JSON.parse((await fleet.stampctl(['stamps', 'ls', '-o', 'json'])).stdout).items as {
    name: string;
    frontDoors: string[];
  }[];
  const foreign = stamps.find((s) => s.name === 'us-1')!.frontDoors[0]!;
  const refused = await fetch(`${foreign}/api/orders`, { headers: { 'x-lapidary-tenant': 'acme', 'x-lapidary-epoch': '1' } });
  expect(refused.status).toBe(421);
  expect((await fetch(`${foreign}/api/orders`)).status).toBe(421);
});

test.each([
  ['an unknown region', ['tenants', 'create', 'x1', '--region', 'mars'], 2, 'unknown_region'],
  ['a name of 300 characters', ['tenants', 'create', 'x'.repeat(300), '--region', 'eu'], 2, undefined],
  ['capacity 0', ['provision', 'eu-3', '--capacity', '0'], 2, undefined],
  ['a stamp of an unknown region', ['provision', 'mars-1'], 2, 'unknown_region'],
  ['a tenant that is not there', ['tenants', 'show', 'nobody'], 4, 'not_found'],
  ['a residency that excludes its home', ['tenants', 'create', 'x2', '--region', 'eu', '--residency', 'us'], 2, 'residency_conflict'],
  ['a name that is taken', ['tenants', 'create', 'acme', '--region', 'eu'], 5, 'name_taken'],
  ['a wrong token', ['tenants', 'ls', '--token', 'not-the-token'], 3, 'unauthenticated'],
] as const)('%s: clear error with code and what to check, nothing changed', async (_, args, code, errorCode) => {
  const count = async (): Promise<number> => ((await fleet.api('eu').get('/v1/tenants')).body as { items: unknown[] }).items.length;
  const before = await count();
  const result = await fleet.stampctl([...args]);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe('');
  expect(result.stderr).toMatch(/check/i);
  if (errorCode) expect(result.stderr).toContain(errorCode);
  expect(await count()).toBe(before);
});

test('a second npm start in the same place says what runs already', async () => {
  const again = await fleet.startAgain();
  expect(again.code).toBe(0);
  expect(again.output).toContain(fleet.run.regions.eu!.api);
});

test('after stop no process is left, and after the next start everything is as it was', async () => {
  const pids = fleet.run.processes.map((p) => p.pid);
  await fleet.stop({ keep: true });
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  expect(
    execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(fleet.dataDir)),
  ).toEqual([]);

  fleet = await startFleet({ name: 'main-job', keep: true });
  const answer = await served('eu', 'acme');
  expect(JSON.parse(answer.body)).toMatchObject({ tenant: 'acme' });
  const stamps = JSON.parse((await fleet.stampctl(['stamps', 'ls', '-o', 'json'])).stdout).items as unknown[];
  expect(stamps).toHaveLength(3);
});
