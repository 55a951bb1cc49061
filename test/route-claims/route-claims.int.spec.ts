import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { openLink } from '@lapidary/stamp-sdk/link/link-echo.fixture';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { newTestKey, type TestKey } from '@lapidary/stamp-sdk/route-claim/claim.fixture';
import { TenantClient } from '@lapidary/stamp-sdk/route-claim/tenant-client';
import { routeClaimAudience } from '@lapidary/contracts/route-claim';
import { loadConfig } from '@lapidary/config/load';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { startAgent, type Agent } from '../../apps/stamp-agent/src/agent.js';
import { silent, startWorkload, TestControlPlane, type TestWorkload } from '../../apps/stamp-agent/src/agent.fixture.js';
import { isLive, knows, RouterWorld, type RunningRouter } from '../../apps/router/src/router-world.fixture.js';

/** A real router and two real stamps of one region, each with a workload that says which one it is. */
interface Stamp {
  readonly name: string;
  readonly control: TestControlPlane;
  readonly workload: TestWorkload;
  readonly agent: Agent;
}

const soon = { timeoutMs: 60_000, intervalMs: 10 };
let world: RouterWorld;
let router: RunningRouter;
let keyFile: string;
let keys: TestKey[];
let stamps: Stamp[];

const routeKeysUrl = (): string => `http://127.0.0.1:${router.port}/.well-known/lapidary/route-keys`;
const writeKeys = (...used: unknown[]): Promise<void> => writeFile(keyFile, JSON.stringify({ keys: used }));

/** Each in a region of its own: the fixture's control plane knows one stamp, and would answer for others. */
const startStamp = async (env: Record<string, string> = {}): Promise<Stamp> => {
  const region = freshRegion();
  const name = `${region}-1`;
  const control = new TestControlPlane(testNats().url, region, name);
  await control.start();
  const workload = await startWorkload();
  const config = loadConfig(StampAgentConfigSchema, {
    LAPIDARY_STAMP: name,
    LAPIDARY_REGION: region,
    LAPIDARY_AGENT_TOKEN: 'a-token-of-sixteen-or-more',
    LAPIDARY_HTTP_PORT: '0',
    LAPIDARY_PUBLIC_HTTP_PORT: '0',
    LAPIDARY_ROUTE_KEYS: routeKeysUrl(),
    LAPIDARY_WORKLOAD_URL: workload.url,
    LAPIDARY_NATS_URL: testNats().url,
    ...env,
  });
  const agent = await startAgent(config, silent);
  await waitFor(`${name} to be registered`, () => agent.state() === 'registered' || undefined, soon);
  const stamp = { name, control, workload, agent };
  stamps.push(stamp);
  await world.region.commit(world.stamp({ stamp: name as never, frontDoors: [agent.url] }));
  return stamp;
};

/** Tells stamp and directory, as the control plane does for a placement. */
const place = async (stamp: Stamp, epoch: number): Promise<void> => {
  await stamp.control.push(stamp.control.place('acme', epoch));
  await world.region.commit(world.tenant('acme', { stamp: stamp.name as never, epoch }));
  await knows(router, 'acme', epoch);
};

beforeEach(async () => {
  stamps = [];
  world = await RouterWorld.begin();
  keys = await Promise.all([newTestKey('one'), newTestKey('two')]);
  keyFile = join(world.folder, 'claim-keys.json');
  await writeKeys(keys[0]!.privateJwk);
  const publicDoors = {
    of: ({ stamp }: { stamp: string }) => stamps.filter((s) => s.name === stamp).map((s) => new URL(s.agent.publicUrl!)),
  };
  await world.region.commit(world.tenant('somebody'));
  router = await world.start(undefined, undefined, { LAPIDARY_CLAIM_KEYS_FILE: keyFile }, { publicDoors });
  await isLive(router);
});
afterEach(async () => {
  for (const { agent, control, workload } of stamps) {
    await agent.stop(0);
    await Promise.all([control.stop(), workload.close()]);
  }
  await world.end();
});

const client = (): TenantClient =>
  new TenantClient({ routerUrl: `http://127.0.0.1:${router.port}`, routerHeaders: { 'x-tenant': 'acme' } });
const seenBy = ({ workload }: Stamp): string[] => workload.requests.map(({ method, url }) => `${method} ${url}`);
const knock = (stamp: Stamp, claim: string | null, more: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL('/secret', stamp.agent.publicUrl!), { headers: { ...(claim === null ? {} : { 'lapidary-route-claim': claim }), ...more } });

describe('a client that goes to its stamp by a claim', () => {
  it('is served there as if it had come through the router, and the router carries nothing', async () => {
    const one = await startStamp();
    await place(one, 3);
    const answer = await client().fetch('/api/orders', {
      method: 'POST',
      body: 'hello',
      headers: { 'x-lapidary-tenant': 'bolt', 'x-lapidary-epoch': '99', 'x-forwarded-for': '6.6.6.6' },
    });
    expect(answer.headers.get('x-lapidary-stamp')).toBe(one.name);
    const seen = (await answer.json()) as { body: string; headers: Record<string, string> };
    expect(seen).toMatchObject({
      body: 'hello',
      headers: {
        'x-lapidary-tenant': 'acme',
        'x-lapidary-epoch': '3',
        'x-forwarded-host': 'acme.lapidary.localhost',
        'x-forwarded-proto': 'http',
        'x-forwarded-for': '127.0.0.1',
      },
    });
    expect(seen.headers).not.toHaveProperty('lapidary-route-claim');
  });

  it('follows its tenant to another stamp: refused by the old one with nothing done, then served by the new (I4)', async () => {
    const [one, two] = [await startStamp(), await startStamp()];
    await place(one, 1);
    const tenant = client();
    expect((await tenant.fetch('/1')).headers.get('x-lapidary-stamp')).toBe(one.name);
    await one.control.push(one.control.remove('acme', 1));
    await place(two, 2);
    const moved = await tenant.fetch('/2', { method: 'POST', body: 'x' });
    expect(moved.status).toBe(200);
    expect(moved.headers.get('x-lapidary-stamp')).toBe(two.name);
    expect([seenBy(one), seenBy(two)]).toEqual([['GET /1'], ['POST /2']]);
  });

  it('is not served by a stamp that holds the tenant at an older epoch than the claim (I4)', async () => {
    const one = await startStamp();
    await place(one, 1);
    await world.region.commit(world.tenant('acme', { stamp: one.name as never, epoch: 2 }));
    await knows(router, 'acme', 2);
    expect((await client().fetch('/1')).status).toBe(421);
    expect(seenBy(one)).toEqual([]);
    await one.control.push(one.control.place('acme', 2));
    expect((await client().fetch('/2')).status).toBe(200);
  });

  it('goes on with routers and control planes gone, until the claim ends (I7)', async () => {
    const one = await startStamp();
    await place(one, 1);
    const tenant = client();
    await (await tenant.fetch('/1')).text();
    await world.stop(router);
    await one.control.stop();
    expect((await tenant.fetch('/2')).headers.get('x-lapidary-stamp')).toBe(one.name);
  });

  it('is served through the router while its stamp’s door is shut', async () => {
    const one = await startStamp();
    await place(one, 1);
    const shut = new URL(one.agent.publicUrl!);
    shut.port = '1';
    const claim = await keys[0]!.claim({ sub: 'acme', aud: routeClaimAudience(one.name), stamp: one.name, epoch: 1, url: shut.origin });
    expect((await knock(one, claim)).status).toBe(200);
    stamps[0] = { ...one, agent: { ...one.agent, publicUrl: shut.origin } };
    expect((await client().fetch('/2')).headers.get('x-lapidary-stamp')).toBe(one.name);
  });
});

describe('a public door', () => {
  it('refuses everybody without a good claim for this stamp and a tenant that it holds, and no byte of it reaches the workload', async () => {
    const one = await startStamp();
    await place(one, 3);
    const [ours, theirs] = [keys[0]!, keys[1]!];
    const now = Math.floor(Date.now() / 1000);
    const good = { sub: 'acme', aud: routeClaimAudience(one.name), stamp: one.name, epoch: 3, url: one.agent.publicUrl! };
    const cases: [string, string | null, Record<string, string>][] = [
      ['claim_missing', null, {}],
      ['claim_missing', null, { 'x-lapidary-tenant': 'acme', 'x-lapidary-epoch': '3' }],
      ['claim_missing', null, { host: 'acme.lapidary.localhost' }],
      ['claim_invalid', 'rubbish', {}],
      ['claim_invalid', await theirs.claim(good), {}],
      ['claim_invalid', await theirs.claim(good, { kid: 'one' }), {}],
      ['claim_expired', await ours.claim({ ...good, iat: now - 100, exp: now - 10 }), {}],
      ['claim_of_other_stamp', await ours.claim({ ...good, aud: routeClaimAudience('eu-9'), stamp: 'eu-9' }), {}],
      ['not_held', await ours.claim({ ...good, sub: 'bolt' }), {}],
      ['older_epoch', await ours.claim({ ...good, epoch: 4 }), {}],
    ];
    for (const [reason, claim, headers] of cases) {
      const answer = await knock(one, claim, headers);
      expect([answer.status, await answer.json()]).toMatchObject([421, { code: 'misdirected', details: { reason } }]);
    }
    const twice = await ours.claim(good);
    const bytes = `GET / HTTP/1.1\r\nHost: x\r\nLapidary-Route-Claim: ${twice}\r\nLapidary-Route-Claim: ${twice}\r\n\r\n`;
    expect(await exchangeBytes(Number(new URL(one.agent.publicUrl!).port), bytes, /claim_missing/)).toMatch(/^HTTP\/1.1 421 /);
    expect(one.workload.bytes()).toBe(0);
    expect((await knock(one, await ours.claim({ ...good, epoch: 2 }))).status).toBe(200);
  });

  it('tells nobody how the stamp is', async () => {
    const one = await startStamp();
    const health = await fetch(new URL('/_lapidary/healthz', one.agent.publicUrl!));
    expect([health.status, await health.json()]).toEqual([200, {}]);
    expect((await fetch(new URL('/_lapidary/metrics', one.agent.publicUrl!))).status).toBe(404);
  });

  it('where hosts are enough (stamp-aware DNS), serves the tenant of the host while it is held, and no other', async () => {
    const one = await startStamp({ LAPIDARY_PUBLIC_HOSTS_BELOW: 'lapidary.localhost' });
    await place(one, 3);
    const port = Number(new URL(one.agent.publicUrl!).port);
    const ask = (host: string): Promise<string> =>
      exchangeBytes(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Lapidary-Tenant: bolt\r\n\r\n`, /\r\n\r\n.+/s);
    expect(await ask(`ACME.lapidary.localhost:${port}`)).toMatch(/^HTTP\/1.1 200 [^]*"x-lapidary-tenant":"acme","x-lapidary-epoch":"3"/);
    for (const host of ['bolt.lapidary.localhost', 'acme.example.com', 'x.acme.lapidary.localhost', 'lapidary.localhost'])
      expect(await ask(host)).toMatch(/^HTTP\/1.1 421 /);
    await one.control.push(one.control.remove('acme', 3));
    expect(await ask('acme.lapidary.localhost')).toMatch(/^HTTP\/1.1 421 /);
  });
});

describe('the keys of claims', () => {
  it('are changed without a restart and without a refused client; a broken file leaves the old ones', async () => {
    const one = await startStamp();
    await place(one, 1);
    await writeFile(keyFile, '{"keys":[');
    const count = async (outcome: string): Promise<number> => {
      const { values } = await router.router.metrics.lapidary_router_reloads_total.get();
      return values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
    };
    await waitFor('the refusal', async () => (await count('refused')) > 0 || undefined, soon);
    expect((await client().fetch('/1')).headers.get('x-lapidary-stamp')).toBe(one.name);
    const of = (key: TestKey): Promise<string> =>
      key.claim({ sub: 'acme', aud: routeClaimAudience(one.name), stamp: one.name, epoch: 1, url: one.agent.publicUrl! });
    await writeKeys(keys[0]!.privateJwk, keys[1]!.publicJwk);
    const newIsBelieved = async (): Promise<true | undefined> => (await knock(one, await of(keys[1]!))).status === 200 || undefined;
    await waitFor('the stamp to know the key that is to follow', newIsBelieved, { timeoutMs: 60_000, intervalMs: 100 });
    await writeKeys(keys[1]!.privateJwk, keys[0]!.publicJwk);
    await waitFor('the new keys', async () => (await count('taken')) > 1 || undefined, soon);
    const grant = (await (await fetch(`http://127.0.0.1:${router.port}/t/acme/.well-known/lapidary/route`)).json()) as {
      direct: { claim: string };
    };
    expect(JSON.parse(Buffer.from(grant.direct.claim.split('.')[0]!, 'base64url').toString())).toMatchObject({ kid: 'two' });
    expect((await knock(one, grant.direct.claim)).status).toBe(200);
    expect((await knock(one, await of(keys[0]!))).status).toBe(200);
  });
});

describe('the router’s own paths', () => {
  const base = (): string => `http://127.0.0.1:${router.port}`;

  it('give no claim where there is no direct way, none for unknown tenants, and never the workload’s answer', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    await knows(router, 'acme');
    const grant = await fetch(`${base()}/t/acme/.well-known/lapidary/route`);
    expect([grant.status, grant.headers.get('cache-control'), await grant.json()]).toEqual([
      200,
      'no-store',
      { tenant: 'acme', stamp: `${world.name}-1`, epoch: 1, direct: null },
    ]);
    expect((await fetch(`${base()}/t/nobody/.well-known/lapidary/route`)).status).toBe(404);
    expect((await fetch(`${base()}/t/acme/.well-known/lapidary/route`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${base()}/t/acme/.well-known/lapidary/other`)).status).toBe(404);
    expect(await (await fetch(`${base()}/t/acme/.well-known/other`)).text()).toBe('ok');
    expect(await (await fetch(`${base()}/t/acme/x/.well-known/lapidary/route`)).text()).toBe('ok');
  });

  it('publish the public keys to whoever asks, without their private parts', async () => {
    const answer = await fetch(routeKeysUrl());
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60');
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ keys: [{ kid: 'one', kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' }] });
    expect(text).not.toContain(keys[0]!.privateJwk.d);
  });
});

it('a public door takes no stamp links, whose word on tenants would be believed (I4, L8)', async () => {
  const { agent, name } = await startStamp();
  const portOf = (url: string): number => Number(new URL(url).port);
  const inner = await openLink(portOf(agent.url), null, name);
  const outer = await openLink(portOf(agent.publicUrl!), null, name);
  expect([inner.log, outer.log]).toEqual([['open'], ['closed not_spoken']]);
  inner.link.close();
});
