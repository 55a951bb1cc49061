import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '@lapidary/config/load';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { startAgent, type Agent } from './agent.js';
import {
  silent,
  startProxy,
  startWorkload,
  temporaryDirectory,
  TestControlPlane,
  type TestProxy,
  type TestWorkload,
} from './agent.fixture.js';

const soon = { timeoutMs: 5_000, intervalMs: 10 };
let controlPlane: TestControlPlane;
let workload: TestWorkload;
let proxy: TestProxy;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const agents = new Set<Agent>();

const start = async (env: Record<string, string> = {}): Promise<Agent> => {
  const config = loadConfig(StampAgentConfigSchema, {
    LAPIDARY_STAMP: controlPlane.stamp,
    LAPIDARY_REGION: controlPlane.region,
    LAPIDARY_AGENT_TOKEN: 'a-token-of-sixteen-or-more',
    LAPIDARY_HTTP_PORT: '0',
    LAPIDARY_WORKLOAD_URL: workload.url,
    LAPIDARY_NATS_URL: proxy.url,
    ...env,
  });
  const agent = await startAgent(config, silent);
  agents.add(agent);
  return agent;
};
const stop = async (agent: Agent, graceMs = 0): Promise<void> => {
  agents.delete(agent);
  await agent.stop(graceMs);
};
const inState = (agent: Agent, state: string) => waitFor(`state ${state}`, () => agent.state() === state || undefined, soon);
const startRegistered = async (env?: Record<string, string>): Promise<Agent> => {
  const agent = await start(env);
  await inState(agent, 'registered');
  return agent;
};
const holdingsFile = () => ({ LAPIDARY_HOLDINGS_FILE: join(directory.path, 'holdings.json') });

const passport = (tenant: string, epoch: number | string): Record<string, string> => ({
  'x-lapidary-tenant': tenant,
  'x-lapidary-epoch': String(epoch),
});
const get = (agent: Agent, headers: Record<string, string>, path = '/api/orders', init: RequestInit = {}) =>
  fetch(new URL(path, agent.url), { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
const statusOf = async (agent: Agent, tenant: string, epoch: number): Promise<number> => {
  const response = await get(agent, passport(tenant, epoch));
  await response.text();
  return response.status;
};
const becomes = (agent: Agent, tenant: string, epoch: number, status: number) =>
  waitFor(`${tenant}@${epoch} → ${status}`, async () => (await statusOf(agent, tenant, epoch)) === status || undefined, soon);
const portOf = (agent: Agent): number => Number(new URL(agent.url).port);

beforeEach(async () => {
  const region = freshRegion();
  controlPlane = new TestControlPlane(testNats().url, region, `${region}-1`);
  [workload, proxy, directory] = await Promise.all([startWorkload(), startProxy(testNats().url), temporaryDirectory()]);
  await controlPlane.start();
});

afterEach(async () => {
  for (const agent of agents) await stop(agent);
  await Promise.all([controlPlane.stop(), workload.close(), proxy.close(), directory.remove()]);
});

describe('the fence at the front door (I4)', () => {
  it('serves a tenant it holds, passes tenant and epoch on, and signs the answer with the stamp', async () => {
    controlPlane.place('acme', 3);
    const agent = await startRegistered();
    const response = await get(agent, { ...passport('acme', 3), 'x-request-id': 'r-1' }, '/api/orders?x=1', {
      method: 'POST',
      body: 'hello',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-lapidary-stamp')).toBe(controlPlane.stamp);
    expect(response.headers.get('x-lapidary-held-epoch')).toBeNull();
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: '/api/orders?x=1',
      body: 'hello',
      headers: { 'x-lapidary-tenant': 'acme', 'x-lapidary-epoch': '3', 'x-request-id': 'r-1' },
    });
  });

  it.each([
    ['an unknown tenant', passport('bolt', 1), 'none', 'not_held'],
    ['a tenant held at an older epoch', passport('acme', 4), '3', 'older_epoch'],
  ])('refuses %s with 421 and a hint', async (_, headers, hint, reason) => {
    controlPlane.place('acme', 3);
    const agent = await startRegistered();
    const response = await get(agent, headers, '/', { method: 'POST', body: 'x'.repeat(10_000) });
    expect(response.status).toBe(421);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-lapidary-held-epoch': hint,
      'x-lapidary-error': 'misdirected',
      'x-lapidary-stamp': controlPlane.stamp,
      'content-type': 'application/problem+json; charset=utf-8',
    });
    expect(await response.json()).toMatchObject({ code: 'misdirected', status: 421, retry: true, details: { reason } });
  });

  it('serves a tenant held at a newer epoch', async () => {
    controlPlane.place('acme', 9);
    expect(await statusOf(await startRegistered(), 'acme', 3)).toBe(200);
  });

  it('refuses whatever could be read in two ways, and not one byte of it reaches the workload', async () => {
    controlPlane.place('acme', 3);
    controlPlane.place('bolt', 3);
    const agent = await startRegistered();
    const body = 'secret'.repeat(1_000);
    const heads = [
      [],
      ['X-Lapidary-Tenant: acme'],
      ['X-Lapidary-Epoch: 3'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 3', 'X-Lapidary-Tenant: bolt'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 3'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 3', 'x-lapidary-epoch: 1'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 3', 'x_lapidary_tenant: bolt'],
      ['x_lapidary_tenant: acme', 'x_lapidary_epoch: 3'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 3', 'Connection: x-lapidary-epoch'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 0'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 03'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 1e1'],
      ['X-Lapidary-Tenant: ../acme', 'X-Lapidary-Epoch: 3'],
      ['X-Lapidary-Tenant: nobody', 'X-Lapidary-Epoch: 3'],
      ['X-Lapidary-Tenant: acme', 'X-Lapidary-Epoch: 4'],
    ];
    for (const head of heads) {
      const bytes = ['POST /write HTTP/1.1', 'Host: x', `Content-Length: ${body.length}`, ...head, '', body].join('\r\n');
      expect([head, await exchangeBytes(portOf(agent), bytes, /\r\n\r\n/)]).toEqual([head, expect.stringMatching(/^HTTP\/1.1 421 /)]);
    }
    const upgrade =
      'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Lapidary-Tenant: nobody\r\nX-Lapidary-Epoch: 1\r\n\r\n';
    expect(await exchangeBytes(portOf(agent), upgrade)).toMatch(/^HTTP\/1.1 421 /);
    expect(workload.requests).toEqual([]);
    expect(workload.bytes()).toBe(0);
  });

  it('answers "Expect: 100-continue" only for requests that it serves', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const head = (tenant: string) =>
      `POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nX-Lapidary-Tenant: ${tenant}\r\nX-Lapidary-Epoch: 1\r\n\r\n`;
    expect(await exchangeBytes(portOf(agent), head('bolt'), /\r\n\r\n/)).toMatch(/^HTTP\/1.1 421 /);
    expect(await exchangeBytes(portOf(agent), head('acme'), /\r\n\r\n/)).toMatch(/^HTTP\/1.1 100 /);
  });

  it('keeps the connection in step after a refusal with a body', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const request = (tenant: string, body: string) =>
      `POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nX-Lapidary-Tenant: ${tenant}\r\nX-Lapidary-Epoch: 1\r\n\r\n${body}`;
    const smuggled = request('acme', 'inner');
    const answer = await exchangeBytes(portOf(agent), [request('bolt', smuggled), request('acme', 'outer')], /"body":"outer"/);
    expect(answer).toMatch(/^HTTP\/1.1 421 [^]*HTTP\/1.1 200 /);
    expect(workload.requests).toHaveLength(1);
  });

  it('refuses ambiguous requests before the fence', async () => {
    const agent = await startRegistered();
    const both = 'POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n';
    expect(await exchangeBytes(portOf(agent), both, /\r\n\r\n/)).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('the agent’s own pages', () => {
  it('say how it stands, without a tenant', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    await waitFor(
      'a healthy workload',
      async () =>
        ((await (await get(agent, {}, '/_lapidary/healthz')).json()) as { workload: { healthy: boolean } }).workload.healthy || undefined,
      soon,
    );
    expect(await (await get(agent, {}, '/_lapidary/healthz')).json()).toMatchObject({
      stamp: controlPlane.stamp,
      registered: true,
      serving: true,
      epoch: 1,
      holding: { count: 1, asOf: 1 },
      workload: { healthy: true, version: '7.0.1' },
    });
    expect(await (await get(agent, {}, '/_lapidary/metrics')).text()).toContain('lapidary_agent_held_tenants 1');
  });

  it('are not shown to a tenant’s clients, and never reach the workload', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    for (const path of ['/_lapidary/healthz', '/_lapidary/metrics', '/_lapidary/else']) {
      expect((await get(agent, passport('acme', 1), path)).status).toBe(404);
    }
    expect(workload.requests).toEqual([]);
  });

  it('are there before the control plane knows the stamp, as provisioning needs it', async () => {
    controlPlane.refuseWith = 'unauthenticated';
    const agent = await start();
    expect((await get(agent, {}, '/_lapidary/healthz')).status).toBe(200);
    controlPlane.refuseWith = null;
    await inState(agent, 'registered');
  });
});

describe('placements reach the agent', () => {
  it('by push, and the answer says what is held', async () => {
    const agent = await startRegistered();
    expect(await controlPlane.push(controlPlane.place('acme', 1))).toEqual({
      ok: true,
      instanceId: agent.instanceId,
      stampEpoch: 1,
      epoch: 1,
    });
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    expect(await controlPlane.push(controlPlane.place('acme', 2))).toMatchObject({ epoch: 2 });
    expect(await controlPlane.push(controlPlane.remove('acme', 3))).toMatchObject({ epoch: 0 });
    expect(await statusOf(agent, 'acme', 2)).toBe(421);
  });

  it('on a miss: a request for a placement whose push is lost is served at once', async () => {
    const agent = await startRegistered();
    controlPlane.place('acme', 1);
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    controlPlane.place('acme', 2);
    expect(await statusOf(agent, 'acme', 2)).toBe(200);
  });

  it('a miss during a question that is already on its way waits for the next answer', async () => {
    const agent = await startRegistered();
    let release = (): void => undefined;
    controlPlane.beforeSyncAnswer = () => new Promise((resolve) => (release = resolve));
    const first = statusOf(agent, 'nobody', 1);
    await waitFor('the first question', () => controlPlane.syncs >= 1 || undefined, soon);
    controlPlane.place('acme', 1);
    const second = statusOf(agent, 'acme', 1);
    controlPlane.beforeSyncAnswer = () => Promise.resolve();
    release();
    expect(await first).toBe(421);
    expect(await second).toBe(200);
  });

  it('100 misses at once are few questions, and all are refused within the wait', async () => {
    const agent = await startRegistered();
    const before = controlPlane.syncs;
    const startedMs = performance.now();
    const statuses = await Promise.all(Array.from({ length: 100 }, (_, i) => statusOf(agent, `nobody-${i}`, 1)));
    expect(new Set(statuses)).toEqual(new Set([421]));
    const elapsedMs = performance.now() - startedMs;
    expect(controlPlane.syncs - before).toBeLessThanOrEqual(2 + Math.ceil(elapsedMs / 250));
  });

  it('a push that arrives while a request waits wakes it', async () => {
    const agent = await startRegistered();
    controlPlane.beforeSyncAnswer = () => new Promise(() => undefined);
    const waiting = statusOf(agent, 'acme', 1);
    await waitFor('the question', () => controlPlane.syncs >= 1 || undefined, soon);
    await controlPlane.push(controlPlane.place('acme', 1));
    expect(await waiting).toBe(200);
  });

  it('pushes in any order and number end in the newest state', async () => {
    const agent = await startRegistered();
    const history = [
      controlPlane.place('acme', 1),
      controlPlane.place('bolt', 1),
      controlPlane.remove('acme', 2),
      controlPlane.place('acme', 3),
      controlPlane.remove('bolt', 2),
    ];
    for (const command of [history[3]!, history[0]!, history[4]!, history[2]!, history[1]!, history[0]!, history[3]!, history[2]!])
      await controlPlane.push(command);
    expect(await statusOf(agent, 'acme', 3)).toBe(200);
    expect(await statusOf(agent, 'bolt', 1)).toBe(421);
  });

  it('by full comparison: what a lost push should have dropped is dropped', async () => {
    controlPlane.resyncMs = 1_000;
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    controlPlane.remove('acme', 2);
    await becomes(agent, 'acme', 1, 421);
  });

  it('after a reconnect, at once', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    proxy.cut();
    controlPlane.remove('acme', 2);
    proxy.restore();
    await becomes(agent, 'acme', 1, 421);
  });

  it('also where the directory was restored from a backup and its cursors went back', async () => {
    controlPlane.place('acme', 1);
    controlPlane.place('bolt', 1);
    const agent = await startRegistered();
    controlPlane.remove('bolt', 1);
    controlPlane.cursor = 1;
    await statusOf(agent, 'nobody', 1);
    expect(await statusOf(agent, 'bolt', 1)).toBe(421);
    expect(await controlPlane.push(controlPlane.place('cargo', 1))).toMatchObject({ epoch: 1 });
  });
});

describe('a dropped tenant', () => {
  it('is acknowledged only when its requests in flight are over', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow');
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    let acknowledged = false;
    const drop = controlPlane.push(controlPlane.remove('acme', 2)).then((reply) => {
      acknowledged = true;
      return reply;
    });
    await becomes(agent, 'acme', 1, 421);
    expect(acknowledged).toBe(false);
    workload.release();
    expect(await (await slow).text()).toBe('released');
    expect(await drop).toMatchObject({ epoch: 0 });
  });

  it('has what does not end cut off: a request and a tunnel', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow').then(
      (r) => r.text(),
      (error: unknown) => error,
    );
    const tunnel = connect(portOf(agent), '127.0.0.1');
    const tunnelClosed = new Promise<void>((resolve) => tunnel.on('close', () => resolve()));
    tunnel.on('error', () => undefined);
    let text = '';
    tunnel.on('data', (chunk) => (text += chunk.toString()));
    tunnel.write(
      'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Lapidary-Tenant: acme\r\nX-Lapidary-Epoch: 1\r\n\r\n',
    );
    await waitFor('the tunnel', () => /^HTTP\/1.1 101 /.test(text) || undefined, soon);
    tunnel.write('ping');
    await waitFor('an echo', () => text.includes('echo:ping') || undefined, soon);
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    expect(await controlPlane.push(controlPlane.remove('acme', 2))).toMatchObject({ epoch: 0 });
    await tunnelClosed;
    expect(await slow).toMatchObject({ name: 'TypeError' });
    await waitFor('the workload to see it', () => workload.waiting() === 0 || undefined, soon);
  });
});

describe('registration', () => {
  it('goes on for ever, and heartbeats follow with rising numbers', async () => {
    controlPlane.refuseWith = 'not_found';
    const agent = await start();
    await inState(agent, 'alone');
    expect(controlPlane.heartbeats).toEqual([]);
    controlPlane.refuseWith = null;
    await inState(agent, 'registered');
    await waitFor('three heartbeats', () => controlPlane.heartbeats.length >= 3 || undefined, soon);
    expect(controlPlane.heartbeats.slice(0, 3).map((h) => [h.sequence, h.epoch, h.instanceId])).toEqual(
      [1, 2, 3].map((n) => [n, 1, agent.instanceId]),
    );
    expect(controlPlane.registrations[0]).toMatchObject({
      stamp: controlPlane.stamp,
      frontDoor: agent.url,
      token: 'a-token-of-sixteen-or-more',
    });
  });

  it('a fenced process stops serving at once, and serves again at a higher epoch', async () => {
    controlPlane.place('acme', 1);
    const old = await startRegistered();
    const young = await startRegistered();
    expect(await statusOf(young, 'acme', 1)).toBe(200);
    await statusOf(old, 'nobody', 1);
    const response = await get(old, passport('acme', 1));
    expect(response.status).toBe(421);
    expect(response.headers.get('x-lapidary-held-epoch')).toBe('none');
    await stop(young);
    await inState(old, 'registered');
    expect(controlPlane.stampEpoch).toBe(3);
    expect(await statusOf(old, 'acme', 1)).toBe(200);
  });

  it('two live processes do not fence each other without pause', async () => {
    const first = await startRegistered();
    const second = await startRegistered();
    const before = controlPlane.registrations.length;
    const until = performance.now() + 2_500;
    await waitFor(
      'the fight',
      async () => {
        await Promise.all([statusOf(first, 'nobody', 1), statusOf(second, 'nobody', 1)]);
        return performance.now() > until || undefined;
      },
      { timeoutMs: 10_000 },
    );
    expect(controlPlane.registrations.length - before).toBeLessThanOrEqual(6);
  });
});

describe('cut off from the control plane (ADR 0004)', () => {
  it('serves what it holds with NATS gone, and refuses newer epochs without delay', async () => {
    controlPlane.place('acme', 2);
    const agent = await startRegistered();
    proxy.cut();
    expect(await statusOf(agent, 'acme', 2)).toBe(200);
    const startedMs = performance.now();
    expect(await statusOf(agent, 'acme', 3)).toBe(421);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('a refused sync takes nothing away', async () => {
    controlPlane.place('acme', 2);
    const agent = await startRegistered();
    controlPlane.refuseWith = 'not_found';
    await statusOf(agent, 'nobody', 1);
    expect(await statusOf(agent, 'acme', 2)).toBe(200);
  });

  it('restarted, it serves from its copy on disk, at the old epochs', async () => {
    controlPlane.place('acme', 2);
    const first = await startRegistered(holdingsFile());
    await controlPlane.push(controlPlane.place('bolt', 1));
    await controlPlane.push(controlPlane.place('cargo', 1));
    await controlPlane.push(controlPlane.remove('cargo', 2));
    await stop(first);
    proxy.cut();
    const second = await start(holdingsFile());
    await inState(second, 'alone');
    expect(await statusOf(second, 'acme', 2)).toBe(200);
    expect(await statusOf(second, 'bolt', 1)).toBe(200);
    expect(await statusOf(second, 'acme', 3)).toBe(421);
    expect(await statusOf(second, 'cargo', 1)).toBe(421);
    proxy.restore();
    controlPlane.remove('acme', 3);
    await inState(second, 'registered');
    expect(await statusOf(second, 'acme', 2)).toBe(421);
    expect(await statusOf(second, 'bolt', 1)).toBe(200);
  });

  it('asks the control plane before it believes its copy on disk', async () => {
    controlPlane.place('acme', 1);
    await stop(await startRegistered(holdingsFile()));
    controlPlane.remove('acme', 2);
    const agent = await start(holdingsFile());
    expect(await statusOf(agent, 'acme', 1)).toBe(421);
    expect(agent.state()).toBe('registered');
  });

  it('a restart so short that nothing was asked keeps the copy on disk', async () => {
    controlPlane.place('acme', 1);
    await stop(await startRegistered(holdingsFile()));
    proxy.cut();
    await stop(await start(holdingsFile()));
    const agent = await start(holdingsFile());
    await inState(agent, 'alone');
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
  });

  it('refuses a copy on disk that was changed, and serves nothing of it', async () => {
    controlPlane.place('acme', 2);
    await stop(await startRegistered(holdingsFile()));
    const path = holdingsFile().LAPIDARY_HOLDINGS_FILE;
    await writeFile(path, (await readFile(path, 'utf8')).replace('"epoch":2', '"epoch":9'));
    proxy.cut();
    const agent = await start(holdingsFile());
    await inState(agent, 'alone');
    expect(await statusOf(agent, 'acme', 2)).toBe(421);
  });

  it('with LAPIDARY_HOLD_ALONE_MS it stops serving when nobody has vouched for that long', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered({ LAPIDARY_HOLD_ALONE_MS: '5000' });
    proxy.cut();
    const cutAtMs = performance.now();
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    await waitFor('the limit', async () => (await statusOf(agent, 'acme', 1)) === 421 || undefined, { timeoutMs: 7_000 });
    expect(performance.now() - cutAtMs).toBeLessThan(6_500);
    proxy.restore();
    await becomes(agent, 'acme', 1, 200);
  }, 20_000);
});

describe('the workload', () => {
  it('down is 503 with Retry-After, and back without a restart', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    await workload.close();
    const response = await get(agent, passport('acme', 1));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ code: 'stamp_unavailable' });
    expect(response.headers.get('x-lapidary-stamp')).toBe(controlPlane.stamp);
    workload = await startWorkload(Number(new URL(workload.url).port));
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
  });

  it('restarted between two requests on a kept connection loses no idempotent one', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    for (let i = 0; i < 5; i++) {
      expect(await statusOf(agent, 'acme', 1)).toBe(200);
      const port = Number(new URL(workload.url).port);
      await workload.close();
      workload = await startWorkload(port);
    }
  });

  it('that breaks off is 502', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow', { method: 'POST' });
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    await workload.close();
    expect((await slow).status).toBe(502);
    workload = await startWorkload();
  });
});

describe('stopping', () => {
  it('finishes what is in flight and takes nothing new', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow');
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    const stopped = stop(agent, 5_000);
    await waitFor(
      'a closed door',
      async () =>
        get(agent, {}, '/_lapidary/healthz').then(
          () => undefined,
          () => true,
        ),
      soon,
    );
    workload.release();
    expect(await (await slow).text()).toBe('released');
    await stopped;
  });

  it('loses no request on kept connections, also none that can’t be repeated (P-LB5)', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const outcomes = new Set<string>();
    let refused = false;
    const client = async (): Promise<void> => {
      while (!refused) {
        const post = get(agent, passport('acme', 1), '/', { method: 'POST', body: 'x' });
        await post.then(
          async (response) => {
            await response.text();
            outcomes.add(String(response.status));
          },
          (error: { cause?: { code?: string } }) => {
            refused = true;
            outcomes.add(error.cause?.code ?? 'unknown');
          },
        );
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await waitFor('traffic', () => workload.requests.length > 50 || undefined, soon);
    await stop(agent, 5_000);
    await Promise.all(clients);
    expect(outcomes).toEqual(new Set(['200', 'ECONNREFUSED']));
  });
});
