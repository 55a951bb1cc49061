import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterPolicy } from '../traffic-policy/router-policy.js';
import { isWhole, onPath, requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 2 };
const answersUntilKnown = 60;
const hedgeRatio = 0.1;
/** Seconds that a test may use; on a busy machine some of the first answers were slow enough to be asked twice, too. */
const savedMin = 3;
/** Tenths are added one by one. */
const rounding = 1e-6;

let doors: TestDoors;
let traffic: TestTraffic;
let policy: RouterPolicy;
/** Requests that each door got, whole; what it doesn't answer it holds. */
let heard: string[][];
let holding: (request: string, door: number) => boolean;
let held: Socket[];
let open: RawUpstream[];
/** To learn how fast the stamp is. */
let asked: number;

const door = (number: number): Promise<RawUpstream> => {
  const taken = new Map<number, number>();
  return doors.raw((socket, soFar, connection) => {
    const request = soFar.slice(taken.get(connection) ?? 0);
    if (!isWhole(request)) return;
    taken.set(connection, soFar.length);
    heard[number]!.push(request);
    if (holding(request, number)) held.push(socket);
    else socket.write(answerBytes('200 OK', [], `from ${number}`));
  });
};

const start = async (ratio = hedgeRatio): Promise<void> => {
  policy = new RouterPolicy({ router: 'r1' });
  // A busy machine makes a stamp look unwell, and of one that is nothing is asked twice.
  policy.limitBy(LimitsDocumentSchema.parse({ stamps: { default: { hedgeRatio: ratio, shedding: false } } }));
  traffic = await startTraffic(
    open.map(({ url }) => url),
    { policy, timeouts: { connectMs: 2_000, headMs: 30_000, idleMs: 30_000 } },
  );
  asked = 0;
  while (asked < answersUntilKnown || (ratio > 0 && (await savedUp()) < savedMin)) {
    await ask('GET', '/known');
    asked += 1;
  }
};
/** What the budget has left: what those asked so far have saved, without what was used of it. */
const savedUp = async (): Promise<number> => asked * hedgeRatio - Object.values(await hedges()).reduce((sum, n) => sum + n, 0);
const ask = (method: string, path: string, body = ''): Promise<string> =>
  exchangeBytes(traffic.port, requestBytes(method, path, ['Connection: close'], body), /^HTTP\/1.1 \d[^]*?\r\n\r\n[^]+/);
const hedges = async (): Promise<Record<string, number>> => {
  const { values } = await traffic.metrics.lapidary_router_hedges_total.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
};
/** Every request with this path, by door. */
const of = (path: string): string[][] => heard.map((list) => list.filter((request) => request.includes(` ${path} `)));
/** What is sent and not yet answered, as the router knows it; a door hears of it later. */
const underWay = (): number => policy.stamps.get('eu-1')!.doors.all.reduce((sum, { inUse }) => sum + inUse, 0);
const countOf = (path: string): number => of(path).flat().length;

beforeEach(async () => {
  doors = new TestDoors();
  heard = [[], []];
  held = [];
  holding = () => false;
  open = [await door(0), await door(1)];
});
afterEach(async () => {
  await traffic.close();
  await doors.close();
});

onPath('fast', () => {
  it('a read that is slow at one door is answered by another; both had the same tenant and epoch; the first is given up (H2–H4, I4)', async () => {
    await start();
    let first: number | null = null;
    holding = (request, number) => request.includes('/slow') && (first ??= number) === number;
    expect(await ask('GET', '/slow')).toMatch(new RegExp(`^HTTP/1.1 200 [^]*from [01]$`));
    const sent = of('/slow');
    expect(sent.map((list) => list.length)).toEqual([1, 1]);
    expect(sent[0]![0]).toBe(sent[1]![0]);
    expect(sent[0]![0]).toContain('x-lapidary-tenant: acme\r\n');
    expect(sent[0]![0]).toContain('x-lapidary-epoch: 1\r\n');
    await waitFor('the first to be given up', () => held[0]!.closed || undefined, soon);
    expect((await hedges())['won']).toBeGreaterThanOrEqual(1);
    const { doors: states } = policy.stamps.get('eu-1')!;
    expect(states.all.map(({ breaker, inUse }) => [breaker.state, inUse])).toEqual([
      ['closed', 0],
      ['closed', 0],
    ]);
    expect(states.all.map(({ breaker }) => breaker.counts.read(performance.now()).ratio)).toEqual([0, 0]);
  });

  it.each([
    ['POST', 'a body'],
    ['POST', ''],
    ['PUT', 'a body'],
    ['DELETE', ''],
    ['GET', 'a body'],
  ])('%s with the body "%s" is never doubled, however slow (H1)', async (method, body) => {
    await start();
    holding = (request) => request.includes('/write');
    const answer = ask(method, '/write', body);
    await waitFor('it to come', () => held.length >= 1 || undefined, soon);
    // A read that came behind it has been doubled and answered: so much time was there.
    let first: number | null = null;
    holding = (request, number) => request.includes('/slow') && (first ??= number) === number;
    await ask('GET', '/slow');
    held[0]!.write(answerBytes('200 OK', [], 'late'));
    expect(await answer).toMatch(/late$/);
    expect(countOf('/write')).toBe(1);
  });

  it('no more are doubled than the budget allows (H1)', async () => {
    await start();
    holding = (request) => request.includes('/slow');
    const saved = await savedUp();
    const slow = Array.from({ length: 12 }, () => ask('GET', '/slow'));
    // Saved by those before, and by these: a tenth each.
    const most = 12 + Math.floor(saved + 12 * hedgeRatio + rounding);
    await waitFor('the budget to be used', () => countOf('/slow') >= most || undefined, soon);
    for (const socket of held.splice(0)) socket.write(answerBytes('200 OK', [], 'late'));
    for (const text of await Promise.all(slow)) expect(text).toMatch(/late$/);
    expect(countOf('/slow')).toBe(most);
  });

  it('one whose tenant is frozen by then is not sent anywhere else (H2, I1)', async () => {
    await start();
    holding = (request) => request.includes('/slow');
    const answer = ask('GET', '/slow');
    await waitFor('it to come', () => held.length >= 1 || undefined, soon);
    // Sent a second time before the freeze, or not: either way none may be sent behind it.
    const before = underWay();
    traffic.route({ frozen: true });
    traffic.route({ tenant: 'beta' });
    let first: number | null = null;
    holding = (request, number) => request.includes('/slow') || (request.includes('/other') && (first ??= number) === number);
    const beta = requestBytes('GET', '/other', ['Host: beta.lapidary.localhost', 'Connection: close']);
    expect(await exchangeBytes(traffic.port, beta, /from [01]$/)).toMatch(/^HTTP\/1.1 200 /);
    await waitFor('no more than that', () => underWay() === before || undefined, soon);
    for (const socket of held.splice(0)) socket.write(answerBytes('200 OK', [], 'late'));
    await answer;
    expect(countOf('/slow')).toBe(before);
  });

  it('before its answer neither is heard while both are under way, and the only one is (H3)', async () => {
    await start();
    const early = (from: string): string => `HTTP/1.1 103 Early Hints\r\nlink: <${from}>\r\n\r\n`;
    holding = (request) => request.includes('/slow') || request.includes('/only');
    const answer = ask('GET', '/slow');
    await waitFor('both', () => held.length === 2 || undefined, soon);
    held[0]!.write(early('/lost'));
    held[1]!.write(early('/lost') + answerBytes('200 OK', [], 'from 1'));
    expect(await answer).not.toMatch(/early/i);
    held.length = 0;
    const alone = exchangeBytes(traffic.port, requestBytes('POST', '/only', ['Connection: close']), /late$/);
    await waitFor('one', () => held.length === 1 || undefined, soon);
    held[0]!.write(early('/kept') + answerBytes('200 OK', [], 'late'));
    expect(await alone).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/kept>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it('a client that goes away has both given up', async () => {
    await start();
    holding = (request) => request.includes('/slow');
    const client = connect(traffic.port, '127.0.0.1');
    await once(client, 'connect');
    client.write(requestBytes('GET', '/slow'));
    await waitFor('both', () => held.length === 2 || undefined, soon);
    client.resetAndDestroy();
    await waitFor('both to be given up', () => held.every(({ closed }) => closed) || undefined, soon);
    expect(policy.stamps.get('eu-1')!.doors.all.map(({ inUse }) => inUse)).toEqual([0, 0]);
  });

  it('where the policy says nothing of it no request is doubled', async () => {
    await start(0);
    let first: number | null = null;
    holding = (request, number) => request.includes('/slow') && (first ??= number) === number;
    const answer = ask('GET', '/slow');
    await waitFor('it to come', () => held.length >= 1 || undefined, soon);
    for (let i = 0; i < answersUntilKnown; i += 1) await ask('GET', '/quick');
    held[0]!.write(answerBytes('200 OK', [], 'late'));
    expect(await answer).toMatch(/late$/);
    expect(countOf('/slow')).toBe(1);
    expect(await hedges()).toEqual({});
  });
});
