import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import {
  controlPlane,
  get,
  inState,
  passport,
  portOf,
  restartWorkload,
  soon,
  start,
  startRegistered,
  statusOf,
  workload,
  useWorld,
} from './agent-world.fixture.js';

useWorld();

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
    await restartWorkload();
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
  });

  it('restarted between two requests on a kept connection loses no idempotent one', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    for (let i = 0; i < 5; i++) {
      expect(await statusOf(agent, 'acme', 1)).toBe(200);
      await workload.close();
      await restartWorkload();
    }
  });

  it('that breaks off is 502', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow', { method: 'POST' });
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    await workload.close();
    expect((await slow).status).toBe(502);
    await restartWorkload();
  });
});

it('an upgrade that is asked for behind a request under way is not granted, and the door goes on', async () => {
  controlPlane.place('acme', 1);
  const agent = await startRegistered();
  const head = (path: string, lines: readonly string[] = []): string =>
    `${[`GET ${path} HTTP/1.1`, 'Host: x', 'x-lapidary-tenant: acme', 'x-lapidary-epoch: 1', ...lines].join('\r\n')}\r\n\r\n`;
  const upgrade = head('/second', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x']);
  const text = await exchangeBytes(portOf(agent), head('/first') + upgrade, /"\/second"/);
  expect([...text.matchAll(/^HTTP\/1.1 (\d+)/gm)].map((m) => m[1])).toEqual(['200', '200']);
  expect(await statusOf(agent, 'acme', 1)).toBe(200);
});
