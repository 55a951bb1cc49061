import { connect, type Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { asksForUpgrade, isWhole, onBothPaths, requestBytes, startTraffic, TestDoors, type TestTraffic } from './traffic.fixture.js';
import { RouterPolicy } from './traffic-policy/router-policy.js';

const patience = { timeoutMs: 60_000, intervalMs: 2 };
const timeouts = { connectMs: 60_000, headMs: 60_000, idleMs: 60_000 };

/** Clients that leave while they wait, wherever that is: what they had is free at once, and nobody else is blamed. */
onBothPaths(() => {
  const doors = new TestDoors();
  const clients: Socket[] = [];
  let traffic: TestTraffic;
  let policy: RouterPolicy;
  /** Requests at the stamp, which answers none until it is told. */
  let held: (() => void)[];

  beforeEach(async () => {
    held = [];
    const door = await doors.raw((socket, soFar) => {
      if (isWhole(soFar)) held.push(() => void socket.write(answerBytes('200 OK', ['Connection: close'], 'ok')));
    });
    policy = new RouterPolicy({ router: 'r1' });
    const stamps = { default: { inFlightMax: 1, queueMax: 10, queueWaitMs: 10_000 } };
    policy.limitBy(LimitsDocumentSchema.parse({ stamps }));
    traffic = await startTraffic([door.url], { policy, timeouts, freezeWaitMs: 60_000 });
  });
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.destroy();
    await traffic.close();
    await doors.close();
  });

  const send = (bytes: string): Socket => {
    const socket = connect(traffic.port, '127.0.0.1').on('error', () => undefined);
    clients.push(socket);
    socket.write(bytes);
    return socket;
  };
  const underWay = (count: number): Promise<unknown> =>
    waitFor(`${count} under way`, () => traffic.server.inFlight.size === count || undefined, patience);
  const atTheStamp = (count: number): Promise<unknown> => waitFor('the stamp', () => held.length === count || undefined, patience);
  const nothingIsHeld = async (): Promise<void> => {
    await underWay(0);
    const { compartment, doors: itsDoors } = policy.stamps.get('eu-1')!;
    expect([compartment.inFlight, compartment.waiting, itsDoors.all[0]!.inUse]).toEqual([0, 0, 0]);
  };

  it('in the queue of its stamp: it has left, and was refused by nobody', async () => {
    send(requestBytes('GET', '/first'));
    await atTheStamp(1);
    const second = send(requestBytes('GET', '/second'));
    await underWay(2);
    second.resetAndDestroy();
    await underWay(1);
    held[0]!();
    await nothingIsHeld();
    expect(await traffic.count('lapidary_router_requests_total')).toEqual({ answered: 1, client_gone: 1 });
    expect((await traffic.metrics.lapidary_router_refusals_total.get()).values).toEqual([]);
  });

  it('while its tenant is frozen: it takes no place of those who still wait', async () => {
    traffic.route({ frozen: true });
    const client = send(requestBytes('GET'));
    await waitFor('it to wait', () => traffic.waitingForThaw() === 1 || undefined, patience);
    client.resetAndDestroy();
    await waitFor('its place', () => traffic.waitingForThaw() === 0 || undefined, patience);
    await underWay(0);
  });

  it('with a WebSocket that its stamp is slow to grant', async () => {
    const client = send(requestBytes('GET', '/ws', asksForUpgrade));
    await atTheStamp(1);
    client.resetAndDestroy();
    await nothingIsHeld();
    expect(await traffic.count('lapidary_router_requests_total')).toEqual({ client_gone: 1 });
  });
});
