import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { TrafficSummarySchema } from '@lapidary/contracts/api/traffic';
import { routerTraffic } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes, startRawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { ask, knows, RouterWorld } from '../router-world.fixture.js';

/** A window of figures is over after five seconds. */
const patience = { timeoutMs: 60_000, intervalMs: 50 };

describe('a router seen from outside', () => {
  let world: RouterWorld;
  beforeAll(async () => {
    world = await RouterWorld.begin();
  });
  afterAll(() => world.end());

  it('shows rates, times, places and doors on its admin port, and tells its region', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    const running = await world.start();
    await knows(running, 'acme');
    const heard: unknown[] = [];
    const stop = world.region.link.subscribeJson(routerTraffic(world.name), TrafficSummarySchema, (summary) => heard.push(summary));

    const busy = await waitFor(
      'figures of a whole window',
      async () => {
        expect(await ask(running, 'acme')).toBe('200');
        const summary = TrafficSummarySchema.parse(await (await fetch(`${running.admin}/traffic`)).json());
        return summary.stamps.length > 0 ? summary : undefined;
      },
      patience,
    );
    expect(busy).toMatchObject({
      stamps: [{ name: `${world.name}-1`, failedPerSecond: 0, refusedPerSecond: 0 }],
      tenants: [{ name: 'acme' }],
      compartments: [
        { stamp: `${world.name}-1`, inFlight: 0, unwell: false, doors: [{ url: world.door.url, breaker: 'closed', inUse: 0 }] },
      ],
    });
    await waitFor('the region to be told', () => heard.length > 0 || undefined, patience);
    stop();

    const { hops } = (await (await fetch(`${running.admin}/budget`)).json()) as { hops: { hop: string; samples: number }[] };
    expect(hops.map(({ hop }) => hop)).toEqual(['wait', 'stamp']);
    expect(hops.every(({ samples }) => samples > 0)).toBe(true);

    const metrics = await (await fetch(`${running.admin}/metrics`)).text();
    expect(metrics).toContain(`lapidary_router_breaker_open{stamp="${world.name}-1",door="${world.door.url}"} 0`);
    expect(metrics).toMatch(/lapidary_router_tenant_requests_per_second\{tenant="acme"\} \d/);
    const { threads } = (await (await fetch(`${running.admin}/sockets`)).json()) as { threads: { tier: string; reason: string }[] };
    // A machine that is so busy that it doesn't pass the test in time serves without.
    expect(['raw', 'public']).toContain(threads[0]!.tier);
    expect(threads).toEqual([{ tier: threads[0]!.tier, reason: expect.stringMatching(/./) }]);
    expect(metrics).toContain(`lapidary_router_sockets{tier="${threads[0]!.tier}"} 1`);
    expect(metrics).toMatch(/lapidary_router_requests_total\{outcome="answered"\} \d/);
  });
});

describe.each(['fast', 'general'])('what is logged and counted on the %s path', (engine) => {
  it('is the status that the client was told, and no failure where that is not the stamp’s doing', async () => {
    const world = await RouterWorld.begin();
    const file = join(world.folder, 'access.log');
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('strict', { strictIn: ['elsewhere'] }));
    const running = await world.start(undefined, undefined, {
      LAPIDARY_ROUTER_ENGINE: engine,
      LAPIDARY_ACCESS_LOG_SAMPLE: 1,
      LAPIDARY_ACCESS_LOG_FILE: file,
      LAPIDARY_STRICT_REDIRECTS: 'elsewhere=https://{tenant}.example.net',
    });
    await knows(running, 'strict');
    expect(await ask(running, 'strict')).toBe('308');
    const line = await waitFor(
      'the line',
      async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').find((text) => text.includes('outside_jurisdiction')),
      patience,
    );
    expect(JSON.parse(line)).toMatchObject({ level: pino.levels.values['info'], outcome: 'outside_jurisdiction', status: 308 });
    await world.end();
  });

  it('of a tunnel is that it was opened', async () => {
    const world = await RouterWorld.begin();
    const file = join(world.folder, 'access.log');
    const upgrades = await startRawUpstream(
      (socket, soFar) =>
        void (
          soFar.endsWith('\r\n\r\n') &&
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
        ),
    );
    await world.region.commit(world.stamp({ frontDoors: [upgrades.url] }));
    await world.region.commit(world.tenant('acme'));
    const running = await world.start(undefined, undefined, {
      LAPIDARY_ROUTER_ENGINE: engine,
      LAPIDARY_ROUTER_LINKS: 'off',
      LAPIDARY_ACCESS_LOG_SAMPLE: 1,
      LAPIDARY_ACCESS_LOG_FILE: file,
    });
    await knows(running, 'acme');
    const asked = 'GET / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await exchangeBytes(running.port, asked, /\r\n\r\n/)).toMatch(/^HTTP\/1.1 101 /);
    const line = await waitFor(
      'the line',
      async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').find((text) => text.includes('tunnelled')),
      patience,
    );
    expect(JSON.parse(line)).toMatchObject({ level: pino.levels.values['info'], outcome: 'tunnelled', status: 101 });
    await world.end();
    await upgrades.close();
  });
});
