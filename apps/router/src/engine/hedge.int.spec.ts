import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterPolicy } from '../traffic-policy/router-policy.js';
import { isWhole, onPath, requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';

const soon = { timeoutMs: 8_000, intervalMs: 2 };
const answersUntilKnown = 60;
/** Six are saved up by then; on a slow machine some of those before were doubled, too. */
const hedgeRatio = 0.1;

let doors: TestDoors;
let traffic: TestTraffic;
let policy: RouterPolicy;
/** Requests that each door got, whole; what it doesn't answer it holds. */
let heard: string[][];
let holding: (request: string, door: number) => boolean;
let held: Socket[];
let open: RawUpstream[];

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
  policy.limitBy(LimitsDocumentSchema.parse({ stamps: { default: { hedgeRatio: ratio } } }));
  traffic = await startTraffic(
    open.map(({ url }) => url),
    { policy, timeouts: { connectMs: 2_000, headMs: 5_000, idleMs: 5_000 } },
  );
  for (let i = 0; i < answersUntilKnown; i += 1) await ask('GET', '/known');
};
const ask = (method: string, path: string, body = ''): Promise<string> =>
  exchangeBytes(traffic.port, requestBytes(method, path, ['Connection: close'], body), /^HTTP\/1.1 \d[^]*?\r\n\r\n[^]+/);
const hedges = async (): Promise<Record<string, number>> => {
  const { values } = await traffic.metrics.lapidary_router_hedges_total.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
};
/** Every request with this path, by door. */
const of = (path: string): string[][] => heard.map((list) => list.filter((request) => request.includes(` ${path} `)));
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
    const asked = ask(method, '/write', body);
    await waitFor('it to come', () => held.length === 1 || undefined, soon);
    // A read that came behind it has been doubled and answered: so much time was there.
    let first: number | null = null;
    holding = (request, number) => request.includes('/slow') && (first ??= number) === number;
    await ask('GET', '/slow');
    held[0]!.write(answerBytes('200 OK', [], 'late'));
    expect(await asked).toMatch(/late$/);
    expect(countOf('/write')).toBe(1);
  });

  it('no more are doubled than the budget allows (H1)', async () => {
    await start();
    holding = (request) => request.includes('/slow');
    const asked = Array.from({ length: 12 }, () => ask('GET', '/slow'));
    // Saved by those before, and by these: a tenth each.
    const all = answersUntilKnown + 12;
    const most = all + Math.floor(all * hedgeRatio);
    const sent = (): number => countOf('/slow') + countOf('/known');
    await waitFor('the budget to be used', () => sent() >= most || undefined, soon);
    for (const socket of held.splice(0)) socket.write(answerBytes('200 OK', [], 'late'));
    for (const text of await Promise.all(asked)) expect(text).toMatch(/late$/);
    expect(sent()).toBe(most);
  });

  it('one whose tenant is frozen by then is not sent anywhere else (H2, I1)', async () => {
    await start();
    holding = (request) => request.includes('/slow');
    const asked = ask('GET', '/slow');
    await waitFor('it to come', () => held.length === 1 || undefined, soon);
    // In one turn with what told of it, or not: either way no second one may be sent behind the freeze.
    const before = countOf('/slow');
    traffic.route({ frozen: true });
    traffic.route({ tenant: 'beta' });
    let first: number | null = null;
    holding = (request, number) => request.includes('/other') && (first ??= number) === number;
    const beta = requestBytes('GET', '/other', ['Host: beta.lapidary.localhost', 'Connection: close']);
    expect(await exchangeBytes(traffic.port, beta, /from [01]$/)).toMatch(/^HTTP\/1.1 200 /);
    expect(countOf('/slow')).toBe(before);
    for (const socket of held.splice(0)) socket.write(answerBytes('200 OK', [], 'late'));
    await asked;
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
    const asked = ask('GET', '/slow');
    await waitFor('it to come', () => held.length === 1 || undefined, soon);
    for (let i = 0; i < answersUntilKnown; i += 1) await ask('GET', '/quick');
    held[0]!.write(answerBytes('200 OK', [], 'late'));
    expect(await asked).toMatch(/late$/);
    expect(countOf('/slow')).toBe(1);
    expect(await hedges()).toEqual({});
  });
});
