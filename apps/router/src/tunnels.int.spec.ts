import { connect, type Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import {
  asksForUpgrade,
  isWhole,
  onBothPaths,
  problemOf,
  requestBytes,
  startTraffic,
  TestDoors,
  type TestTraffic,
} from './traffic.fixture.js';
import { RouterPolicy } from './traffic-policy/router-policy.js';

const patience = { timeoutMs: 60_000, intervalMs: 2 };
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const hostOf = (tenant: string): string => `Host: ${tenant}.lapidary.localhost`;

const refusesConnections = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').once('connect', () => (socket.destroy(), resolve(undefined)));
    socket.once('error', () => resolve(true));
  });

onBothPaths(() => {
  const doors = new TestDoors();
  const sockets: Socket[] = [];
  let traffic: TestTraffic;
  let policy: RouterPolicy;

  const begin = async (over: Record<string, number>): Promise<void> => {
    const door = await doors.raw((socket, soFar) => {
      if (!isWhole(soFar)) return;
      socket.write(/upgrade: websocket/i.test(soFar) ? switched : answerBytes('200 OK', ['Connection: close'], 'ok'));
    });
    policy = new RouterPolicy({ router: 'r1' });
    policy.limitBy(LimitsDocumentSchema.parse({ stamps: { default: over } }));
    traffic = await startTraffic([door.url], { policy, timeouts: { connectMs: 5_000, headMs: 5_000, idleMs: 5_000 } });
    traffic.route({ tenant: 'beta' });
  };
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await traffic.close();
    await doors.close();
  });

  /** Opens one that stays open; resolves to what was answered. */
  const open = async (tenant = 'acme'): Promise<{ readonly text: string; readonly socket: Socket }> => {
    const socket = connect(traffic.port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.write(requestBytes('GET', '/ws', [hostOf(tenant), ...asksForUpgrade]));
    return waitFor('an answer', () => (/^HTTP\/1.1 101[^]*\r\n\r\n|\}$/.test(text) ? { text, socket } : undefined), patience);
  };
  const ask = (tenant = 'acme'): Promise<string> => exchangeBytes(traffic.port, requestBytes('GET', '/', [hostOf(tenant)]), /ok$|\}$/);
  const gauge = async (): Promise<number | undefined> => (await traffic.metrics.lapidary_router_stamp_tunnels.get()).values[0]?.value;

  it('idle tunnels take no place of requests: neither the tenant’s, nor the stamp’s, nor its front door’s', async () => {
    await begin({ tenantInFlightMax: 1, inFlightMax: 2, queueMax: 0, doorInUseMax: 1 });
    for (let i = 0; i < 5; i += 1) expect((await open()).text).toMatch(/^HTTP\/1.1 101/);
    expect(await ask()).toMatch(/^HTTP\/1.1 200/);
    const { compartment, doors: itsDoors } = policy.stamps.get('eu-1')!;
    expect([compartment.inFlight, itsDoors.all[0]!.inUse, await gauge()]).toEqual([0, 0, 5]);
  });

  it('a tenant has so many, a stamp so many; one that ends frees its place, and requests go on', async () => {
    await begin({ tenantTunnelsMax: 2, tunnelsMax: 3 });
    const first = await open();
    await open();
    const refused = await open();
    expect(problemOf(refused.text)).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(refused.text).toMatch(/retry-after: 1/i);
    expect((await open('beta')).text).toMatch(/^HTTP\/1.1 101/);
    expect(problemOf((await open('beta')).text)).toMatchObject({ code: 'overloaded', status: 503 });
    expect(await ask()).toMatch(/^HTTP\/1.1 200/);
    first.socket.destroy();
    await waitFor('its place', async () => (await gauge()) === 2 || undefined, patience);
    expect((await open('beta')).text).toMatch(/^HTTP\/1.1 101/);
  });

  it('an upgrade that the stamp doesn’t grant leaves nothing behind', async () => {
    const door = await doors.answering(() => answerBytes('403 Forbidden', ['Connection: close'], '{}'));
    await begin({ tenantTunnelsMax: 1, tunnelsMax: 1 });
    traffic.stamp({ stamp: 'eu-2', frontDoors: [door.url] });
    traffic.route({ tenant: 'no', stamp: 'eu-2' });
    for (let i = 0; i < 3; i += 1) expect((await open('no')).text).toMatch(/^HTTP\/1.1 403/);
    expect(await gauge()).toBeUndefined();
  });

  it('one that is asked for as the router stops is answered by its stamp first; what becomes a tunnel then is cut', async () => {
    let answer = (_: string): void => undefined;
    const door = await doors.raw((socket, soFar) => {
      if (isWhole(soFar)) answer = (bytes) => void socket.write(bytes);
    });
    await begin({});
    traffic.stamp({ stamp: 'eu-2', frontDoors: [door.url] });
    traffic.route({ tenant: 'slow', stamp: 'eu-2' });
    const asked = open('slow');
    await waitFor('the stamp to be asked', () => door.received.some((text) => text.includes('/ws')) || undefined, patience);
    const count = async (): Promise<number | undefined> => (await traffic.metrics.lapidary_router_tunnels.get()).values[0]?.value;
    expect([traffic.server.inFlight.size, await count()]).toEqual([1, 0]);
    const drained = traffic.server.drain(30_000);
    await waitFor('its port to be closed', () => refusesConnections(traffic.port), patience);
    answer(answerBytes('403 Forbidden', ['Connection: close'], '{}'));
    expect((await asked).text).toMatch(/^HTTP\/1.1 403/);
    await drained;
  });
});
