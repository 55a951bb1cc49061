import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RouterConfigSchema } from '@lapidary/config/router';
import { RouteExplanationSchema } from '@lapidary/contracts/api/routing';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { RouterHeartbeatSchema } from '@lapidary/contracts/router-protocol';
import { directoryEntry, routerExplain, routerHeartbeat } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { publishToStream } from '@lapidary/messaging/streams';
import { answerBytes, exchangeBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { createLogger } from '@lapidary/telemetry/logger';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { DirectoryTable } from './directory/directory-table.js';
import { startCuttableLink, TestRegion, type CuttableLink } from './region.fixture.js';
import { Router } from './router.js';

const nobody = 'nats://127.0.0.1:1';
interface Running {
  readonly router: Router;
  readonly port: number;
  readonly admin: string;
}

let region: TestRegion;
let name: string;
let folder: string;
let door: RawUpstream;
let link: CuttableLink;
const running: Router[] = [];

const tenant = (id: string, over: Partial<TenantRoute> = {}): TenantRoute => ({
  kind: 'tenant',
  tenant: id,
  region: name,
  status: 'placed',
  stamp: `${name}-1`,
  epoch: 1,
  hosts: [],
  ...over,
});
const stamp = (over: Partial<StampRoute> = {}): StampRoute => ({
  kind: 'stamp',
  stamp: `${name}-1`,
  region: name,
  status: 'active',
  epoch: 1,
  frontDoors: [door.url],
  ...over,
});
const start = async (natsUrl = link.url, file = 'directory.json'): Promise<Running> => {
  const config = RouterConfigSchema.parse({
    LAPIDARY_REGION: name,
    LAPIDARY_ROUTER_ID: 'r1',
    LAPIDARY_HTTP_PORT: 0,
    LAPIDARY_ADMIN_PORT: 0,
    LAPIDARY_NATS_URL: natsUrl,
    LAPIDARY_DIRECTORY_FILE: join(folder, file),
  });
  const router = new Router({ config, logger: createLogger('test', 'silent'), processMetrics: false });
  running.push(router);
  const { trafficPort, adminPort } = await router.start();
  return { router, port: trafficPort, admin: `http://127.0.0.1:${adminPort}` };
};
const stop = async ({ router }: Running): Promise<void> => {
  running.splice(running.indexOf(router), 1);
  await router.stop(0);
};
const eventually = async (what: string, check: () => boolean): Promise<void> =>
  void (await waitFor(what, () => check() || undefined, { timeoutMs: 8_000, intervalMs: 5 }));
const isLive = ({ router }: Running): Promise<void> => eventually('the directory to be live', () => router.directory.isLive);
const knows = ({ router }: Running, id: string, epoch = 1): Promise<void> =>
  eventually(`${id} at epoch ${epoch}`, () => router.directory.tenant(id)?.epoch === epoch);
const ask = async ({ port }: Running, id: string): Promise<string> => {
  const bytes = `GET / HTTP/1.1\r\nHost: ${id}.lapidary.localhost\r\n\r\n`;
  return (await exchangeBytes(port, bytes, /\r\n\r\n.+/s)).slice(9, 12);
};
const tellDigestUntil = async (what: string, check: () => boolean): Promise<void> => {
  await waitFor(what, () => (region.tellDigest(), check() || undefined), { timeoutMs: 8_000, intervalMs: 50 });
};

beforeEach(async () => {
  name = freshRegion();
  folder = await mkdtemp(join(tmpdir(), 'lapidary-router-'));
  door = await startRawUpstream((socket, soFar) => void (soFar.endsWith('\r\n\r\n') && socket.write(answerBytes('200 OK', [], 'ok'))));
  link = await startCuttableLink(testNats().url);
  region = await TestRegion.start(name, testNats().url);
});
afterEach(async () => {
  for (const router of running.splice(0)) await router.stop(0);
  await region.stop();
  await link.close();
  await door.close();
  await rm(folder, { recursive: true });
});

describe('a router and its region', () => {
  it('learns the snapshot, then every change within moments, and says since when', async () => {
    await region.commit(stamp());
    for (let i = 0; i < 300; i += 1) await region.commit(tenant(`t${i}`));
    const one = await start();
    await isLive(one);
    expect(one.router.directory.digest).toEqual(expect.objectContaining({ cursor: 301, count: 301, root: region.digest().root }));
    expect(await ask(one, 't299')).toBe('200');
    expect(await ask(one, 'acme')).toBe('404');
    const { committedAtMs } = await region.commit(tenant('acme', { hosts: ['shop.example.com'] }));
    await knows(one, 'acme');
    expect(await ask(one, 'acme')).toBe('200');
    const seen = (await (await fetch(`${one.admin}/directory/tenants/acme`)).json()) as { appliedAtMs: number; cursor: number };
    expect(seen).toMatchObject({ cursor: 302 });
    expect(seen.appliedAtMs - committedAtMs).toBeLessThan(1_000);
    const metrics = await (await fetch(`${one.admin}/metrics`)).text();
    expect(metrics).toMatch(/^lapidary_router_directory_cursor 302$/m);
    expect(metrics).toMatch(/^lapidary_router_directory_propagation_seconds_count 1$/m);
  });

  it('is ready with an empty directory of a new region, and never without any', async () => {
    const without = await start(nobody, 'none.json');
    const ready = await fetch(`${without.admin}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, reasons: [expect.stringContaining('no directory')] }]);
    expect(await ask(without, 'acme')).toBe('503');
    const empty = await start();
    await isLive(empty);
    expect((await fetch(`${empty.admin}/readyz`)).status).toBe(200);
    expect(await ask(empty, 'acme')).toBe('404');
  });

  it('ignores rubbish in the stream and goes on behind it', async () => {
    const one = await start();
    await isLive(one);
    for (const rubbish of ['{', '{}', 'null', JSON.stringify({ key: 'tenant/a', cursor: 1, committedAtMs: 0, body: tenant('b') })]) {
      await publishToStream(region.link, directoryEntry(name, 'tenant/rubbish'), rubbish);
    }
    await region.commit(tenant('acme'));
    await knows(one, 'acme');
    expect(one.router.directory.state().entries).toBe(1);
  });

  it('explains over HTTP and NATS what it does, and beats', async () => {
    await region.commit(stamp());
    await region.commit(tenant('acme', { epoch: 4 }));
    const one = await start();
    await isLive(one);
    const query = { host: 'acme.lapidary.localhost', path: '/x' };
    const overNats = await region.link.requestJson(routerExplain(name), query, RouteExplanationSchema, 2_000);
    const overHttp = RouteExplanationSchema.parse(await (await fetch(`${one.admin}/explain?${new URLSearchParams(query)}`)).json());
    expect(overNats).toMatchObject({
      action: 'forward',
      tenant: 'acme',
      stamp: `${name}-1`,
      epoch: 4,
      upstream: door.url,
      router: 'r1',
      directory: { source: 'live', entries: 2 },
    });
    expect({ ...overHttp, directory: null }).toEqual({ ...overNats, directory: null });
    const refused = await region.link.requestJson(routerExplain(name), { host: 'a_b', path: '/' }, RouteExplanationSchema, 2_000);
    expect(refused).toMatchObject({ action: 'refuse', status: 400, code: 'invalid_input' });
    const beat = await new Promise((resolve) => region.link.subscribeJson(routerHeartbeat(name), RouterHeartbeatSchema, resolve));
    expect(beat).toMatchObject({ router: 'r1', directory: { cursor: 2, source: 'live', entries: 2 } });
  });
});

describe('changes that get lost', () => {
  it.each([
    ['the newest', false],
    ['one in the middle', true],
  ])('%s: found by the digest, loaded from the pages; nobody is unknown meanwhile', async (_, another) => {
    await region.commit(stamp());
    for (let i = 0; i < 8; i += 1) await region.commit(tenant(`t${i}`));
    const one = await start();
    await isLive(one);
    await region.commit(tenant('t3', { epoch: 2 }), { publish: false });
    if (another) await region.commit(tenant('t4', { epoch: 2 }));
    let emptied = false;
    region.servePages(() => {
      emptied ||= one.router.directory.tenant('t0') === undefined;
      return Promise.resolve();
    });
    await tellDigestUntil('the lost change', () => one.router.directory.tenant('t3')?.epoch === 2);
    expect(emptied).toBe(false);
    expect(one.router.directory.digest?.root).toBe(region.digest().root);
  });

  it('a change that arrives by the stream during the load is not lost by it', async () => {
    await region.commit(stamp());
    for (let i = 0; i < 8; i += 1) await region.commit(tenant(`t${i}`));
    const one = await start();
    await isLive(one);
    await region.commit(tenant('t7', { epoch: 2 }), { publish: false });
    // The first page, with t0 at epoch 1, has been read when t0 changes.
    region.servePages(async (page) => {
      if (page !== 2) return;
      await region.commit(tenant('t0', { epoch: 2 }));
      await knows(one, 't0', 2);
    });
    await tellDigestUntil('the load', () => one.router.directory.tenant('t7')?.epoch === 2);
    expect(one.router.directory.tenant('t0')?.epoch).toBe(2);
  });

  it('an equal digest never loads anything', async () => {
    await region.commit(tenant('acme'));
    const one = await start();
    await isLive(one);
    region.servePages();
    const equals = async (): Promise<number> =>
      (await one.router.metrics.lapidary_router_directory_digests_total.get()).values[0]?.value ?? 0;
    await waitFor('five digests', async () => (region.tellDigest(), (await equals()) >= 5 || undefined), {
      timeoutMs: 5_000,
      intervalMs: 10,
    });
    expect(region.pagesServed).toBe(0);
  });

  it('a stamp that answers 421 has the entry fetched past the reader, and the request is repeated by it', async () => {
    const moved = await startRawUpstream((socket, soFar) => {
      const fresh = soFar.includes('x-lapidary-epoch: 2\r\n');
      if (soFar.endsWith('\r\n\r\n'))
        socket.write(fresh ? answerBytes('200 OK', [], 'ok') : answerBytes('421 Misdirected Request', ['x-lapidary-error: misdirected']));
    });
    await region.commit(stamp({ frontDoors: [moved.url] }));
    const before = await region.commit(tenant('acme'));
    const one = await start();
    await isLive(one);
    await region.commit(tenant('acme', { epoch: 2 }));
    await knows(one, 'acme', 2);
    // As if the change had got lost on its way.
    const old = new DirectoryTable('first');
    for (const entry of [region.entries.get(`stamp/${name}-1`)!, before]) old.apply(entry);
    one.router.directory.swap(old, 'live', Date.now());
    expect(await ask(one, 'acme')).toBe('200');
    expect(one.router.directory.tenant('acme')?.epoch).toBe(2);
    await moved.close();
  });
});

describe('a region whose NATS goes away', () => {
  it('comes back: the router resumes where it was and learns what changed', async () => {
    await region.commit(stamp());
    await region.commit(tenant('acme'));
    const one = await start();
    await isLive(one);
    link.cut();
    await eventually('the cut to be noticed', () => !one.router.directory.isLive);
    expect(await ask(one, 'acme')).toBe('200');
    await region.commit(tenant('beta'));
    await region.commit(tenant('acme', { epoch: 2 }));
    link.mend();
    await knows(one, 'beta');
    await knows(one, 'acme', 2);
    await isLive(one);
  });

  it('a database restored from a back-up gives a new generation: loaded whole beside the old one, then followed', async () => {
    await region.commit(stamp());
    for (let i = 0; i < 20; i += 1) await region.commit(tenant(`t${i}`, { epoch: 3 }));
    const one = await start();
    await isLive(one);
    await region.restore('second', ({ key }) => key !== 'tenant/t9');
    await eventually('the old stream’s end to be noticed', () => !one.router.directory.isLive);
    expect(await ask(one, 't9')).toBe('200');
    region.servePages();
    await eventually('the new generation', () => one.router.directory.generation === 'second' && one.router.directory.isLive);
    expect(one.router.directory.tenant('t9')).toBeUndefined();
    // Its cursor is far below the old generation's.
    await region.commit(tenant('t1', { epoch: 4 }));
    await knows(one, 't1', 4);
    expect(one.router.directory.digest?.root).toBe(region.digest().root);
  });

  it('a stream that is made anew within the generation takes nothing away', async () => {
    await region.commit(stamp());
    await region.commit(tenant('acme'));
    await region.commit(tenant('beta'));
    const one = await start();
    await isLive(one);
    const entries = [...region.entries.values()];
    await region.restore('first', () => true);
    await eventually('the old stream’s end to be noticed', () => !one.router.directory.isLive);
    for (const entry of entries.slice(0, 1)) await region.publish(entry);
    await isLive(one);
    expect([await ask(one, 'acme'), await ask(one, 'beta')]).toEqual(['200', '200']);
  });
});

describe('a router that starts alone (I7)', () => {
  it('serves every tenant that it knew, with NATS, control plane and database gone, and catches up when they are back', async () => {
    await region.commit(stamp());
    const ids = Array.from({ length: 50 }, (_, i) => `t${i}`);
    for (const id of ids) await region.commit(tenant(id, id === 't7' ? { hosts: ['shop.example.com'] } : {}));
    const before = await start();
    await isLive(before);
    await stop(before);
    link.cut();
    const after = await start();
    expect((await fetch(`${after.admin}/readyz`)).status).toBe(200);
    for (const id of ids) expect(await ask(after, id)).toBe('200');
    expect(after.router.directory.state()).toMatchObject({ source: 'disk', entries: 51, cursor: 51 });
    expect(after.router.directory.tenantOfHost('shop.example.com')).toBe('t7');
    expect(await ask(after, 'unheard-of')).toBe('404');
    await region.commit(tenant('t0', { epoch: 2 }));
    link.mend();
    await knows(after, 't0', 2);
    expect(after.router.directory.state().source).toBe('live');
  });

  it('after a crash right behind a change, serves what was on disk two seconds ago', async () => {
    await region.commit(stamp());
    await region.commit(tenant('acme'));
    const one = await start();
    await isLive(one);
    const file = join(folder, 'directory.json');
    await waitFor('the copy', () => readFile(file, 'utf8').catch(() => undefined), { timeoutMs: 5_000, intervalMs: 20 });
    await writeFile(join(folder, 'crashed.json'), await readFile(file));
    const again = await start(nobody, 'crashed.json');
    expect(await ask(again, 'acme')).toBe('200');
  });

  it('with a corrupt copy says so, keeps it aside, and waits for a directory instead of guessing', async () => {
    await writeFile(join(folder, 'broken.json'), '{"format":1');
    const one = await start(nobody, 'broken.json');
    expect((await fetch(`${one.admin}/readyz`)).status).toBe(503);
    expect(await ask(one, 'acme')).toBe('503');
  });
});
