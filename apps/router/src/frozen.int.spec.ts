import { once } from 'node:events';
import { connect } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import {
  misdirected,
  onBothPaths,
  patientPolicy,
  problemOf,
  quickTimeouts,
  requestBytes,
  startTraffic,
  TestDoors,
  type TestTraffic,
} from './traffic.fixture.js';

const waitMs = 400;
let traffic: TestTraffic;
let doors: TestDoors;
let received: string[];
const soon = { timeoutMs: 60_000, intervalMs: 5 };

beforeEach(async () => {
  received = [];
  doors = new TestDoors();
  const old = await doors.answering(
    (count, request) => (received.push(`old ${request}`), count === 0 ? misdirected : answerBytes('200 OK', [], 'old')),
  );
  const next = await doors.answering((_, request) => (received.push(`new ${request}`), answerBytes('200 OK', [], 'new')));
  traffic = await startTraffic([old.url], { timeouts: { ...quickTimeouts, headMs: 5_000 }, freezeWaitMs: waitMs });
  traffic.stamp({ stamp: 'eu-2', frontDoors: [next.url] });
});
afterEach(async () => {
  await traffic.close();
  await doors.close();
});

const ask = (method = 'GET', body = ''): Promise<string> =>
  exchangeBytes(traffic.port, requestBytes(method, '/', [], body), /^HTTP\/1.1 \d[^]*?\r\n\r\n[^]+/);
const freeze = (): void => traffic.route({ frozen: true });
const thaw = (): void => traffic.route({ stamp: 'eu-2', epoch: 2 });
const waiting = (count: number): Promise<unknown> =>
  waitFor('requests to wait', () => traffic.waitingForThaw() === count || undefined, soon);

onBothPaths(() => {
  it('requests of a tenant whose move switches stamps wait, and go to the new one at its epoch; neither is asked meanwhile (I1, I4)', async () => {
    freeze();
    const asked = [ask(), ask('POST', 'a body')];
    await waiting(2);
    expect(received).toEqual([]);
    thaw();
    expect(await Promise.all(asked)).toEqual([
      expect.stringMatching(/^HTTP\/1.1 200 [^]*new$/),
      expect.stringMatching(/^HTTP\/1.1 200 [^]*new$/),
    ]);
    expect(received.every((text) => text.startsWith('new ') && text.includes('x-lapidary-epoch: 2\r\n'))).toBe(true);
    expect(received.some((text) => text.endsWith('a body'))).toBe(true);
  });

  it('one that lasts too long is 503 with Retry-After, and not before', async () => {
    freeze();
    const beganMs = performance.now();
    const text = await ask();
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(waitMs - 1);
    expect(problemOf(text)).toMatchObject({ status: 503, code: 'tenant_moving' });
    expect(text).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(received).toEqual([]);
  });

  it('one that is given less time than that waits no longer, and is told the same', async () => {
    const shortMs = 1_000;
    const longMs = 20_000;
    const short = await startTraffic([], {
      timeouts: { ...quickTimeouts, headMs: longMs },
      policy: patientPolicy(shortMs / 1000),
      freezeWaitMs: longMs,
    });
    short.route({ frozen: true });
    const text = await exchangeBytes(short.port, requestBytes('GET'), /^HTTP\/1.1 \d[^]*?\r\n\r\n[^]+/);
    expect(problemOf(text)).toMatchObject({ status: 503, code: 'tenant_moving' });
    expect(text).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(short.waitingForThaw()).toBe(0);
    await short.close();
  });

  it('others are not held up, and a move that is given up goes on at the old stamp', async () => {
    traffic.route({ tenant: 'beta', stamp: 'eu-2' });
    freeze();
    const held = ask();
    await waiting(1);
    const other = requestBytes('GET', '/', ['Host: beta.lapidary.localhost']);
    expect(await exchangeBytes(traffic.port, other, /new$/)).toMatch(/^HTTP\/1.1 200 /);
    received.length = 0;
    traffic.route({ frozen: false });
    // The old stamp misdirects its first request; the repeat is answered.
    expect(await held).toMatch(/^HTTP\/1.1 200 [^]*old$/);
  });

  it('a stamp that has let go already, and an entry that says frozen by then: the repeat waits, too', async () => {
    traffic.onRefresh = freeze;
    const asked = ask();
    await waiting(1);
    thaw();
    expect(await asked).toMatch(/^HTTP\/1.1 200 [^]*new$/);
  });

  it('a client that goes away while it waits is nowhere sent', async () => {
    freeze();
    const client = connect(traffic.port, '127.0.0.1');
    await once(client, 'connect');
    client.write(requestBytes('GET', '/of-one-that-goes'));
    await waiting(1);
    client.resetAndDestroy();
    await waiting(0);
    thaw();
    expect(await ask()).toMatch(/^HTTP\/1.1 200 [^]*new$/);
    expect(received.filter((text) => text.includes('/of-one-that-goes'))).toEqual([]);
  });
});
