import { randomBytes, randomInt } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { StampRoute } from '@lapidary/contracts/directory';
import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { startEcho, type EchoServer } from '@lapidary/stamp-sdk/link/link-echo.fixture';
import { RouterPolicy } from '../traffic-policy/router-policy.js';
import { requestBytes, startTraffic, type TestTraffic } from '../traffic.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 5 };
const timeouts = { connectMs: 5_000, headMs: 20_000, idleMs: 20_000 };
let echo: EchoServer;
let traffic: TestTraffic;
let clients: Agent;

/** Limits and budgets have tests of their own; here every request goes, and goes again as often as the engine asks. */
class Unlimited extends RouterPolicy {
  override admit = (): 'go' => 'go';
  override release = (): void => undefined;
  override mayRetry = (): boolean => true;
  override choose = (stamp: StampRoute): string => stamp.frontDoors[0]!;
}

const start = async (doorKey: string | null, routerKey: string | null): Promise<void> => {
  echo = await startEcho(doorKey);
  traffic = await startTraffic([`http://127.0.0.1:${echo.port}`], {
    timeouts,
    policy: new Unlimited({ router: 'r1' }),
    links: { routerId: 'router-1', key: routerKey },
  });
  clients = new Agent({ keepAlive: true });
};
afterEach(async () => {
  clients.destroy();
  await traffic.close();
  await echo.close();
});

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const ask = (method: string, path: string, body = Buffer.alloc(0)): Promise<Got> =>
  new Promise((resolve, reject) => {
    const headers = { host: 'acme.lapidary.localhost', ...(body.length > 0 ? { 'content-length': body.length } : {}) };
    const asking = httpRequest({ port: traffic.port, method, path, headers, agent: clients }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }));
      answer.on('error', reject);
    });
    asking.on('error', reject);
    asking.end(body);
  });

/** Requests go plain until a link is open; nobody waits for it. */
const untilLinked = (): Promise<true> =>
  waitFor('an answer by link', async () => (await ask('GET', '/first')).headers['x-by'] === 'link' || undefined, soon);

describe('a front door that speaks the link', () => {
  beforeEach(() => start(null, null));

  it('gets its requests over it, with tenant and epoch, as soon as it is open', async () => {
    await untilLinked();
    expect(echo.plain[0]).toBe('GET /first');
    const before = echo.seen.length;
    const { status, body } = await ask('POST', '/over?x=1', Buffer.from('hello'));
    expect([status, body.toString()]).toEqual([200, 'hello']);
    expect(echo.seen[before]).toMatch(/^POST \/over\?x=1 HTTP\/1\.1\r\n/);
    expect(echo.seen[before]).toMatch(/x-lapidary-tenant: acme\r\n/i);
    expect(echo.seen[before]).toMatch(/x-lapidary-epoch: 1\r\n/i);
  });

  it('gives answers that are not the last over it, too', async () => {
    await untilLinked();
    const text = await exchangeBytes(traffic.port, requestBytes('GET', '/a?hints', ['Connection: close']), /x-by: link[^]*\r\n\r\n/);
    expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it('hundreds of clients at once each get their own answer (L1)', async () => {
    await untilLinked();
    const one = async (): Promise<string | undefined> => {
      for (let i = 0; i < 10; i++) {
        const nonce = randomBytes(8).toString('hex');
        const sent = Buffer.alloc(randomInt(8) === 0 ? randomInt(200_000) : randomInt(300), nonce);
        const { status, headers, body } = await ask('POST', `/${nonce}`, sent);
        if (status !== 200 || headers['x-echo'] !== `/${nonce}` || !body.equals(sent)) return `${status} ${headers['x-echo']} for ${nonce}`;
      }
      return undefined;
    };
    expect((await Promise.all(Array.from({ length: 100 }, one))).filter((wrong) => wrong !== undefined)).toEqual([]);
    await waitFor('all streams to be over', () => echo.ends.every((end) => end.streamCount === 0) || undefined, soon);
  });

  it('lost in the middle: what does no harm twice is asked again, the rest is 502, and links come back', async () => {
    await untilLinked();
    const gets = Array.from({ length: 20 }, (_, i) => ask('GET', `/${i}?hold`));
    const posts = Array.from({ length: 5 }, (_, i) => ask('POST', `/p${i}?hold`, Buffer.from('once')));
    await waitFor('the requests', () => echo.seen.filter((head) => head.includes('?hold')).length === 25 || undefined, soon);
    for (const socket of echo.sockets) socket.destroy();
    expect((await Promise.all(gets)).map(({ status, headers }) => [status, headers['x-by']])).toEqual(gets.map(() => [200, 'http']));
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(posts.map(() => 502));
    expect(echo.plain.filter((line) => line.startsWith('POST'))).toEqual([]);
    await untilLinked();
  });

  it('draining: every request is answered, also those that crossed its GOAWAY, whatever their method (L9)', async () => {
    await untilLinked();
    const posts: Promise<Got>[] = [];
    for (let i = 0; i < 30; i++) {
      posts.push(ask('POST', `/${i}`, Buffer.from(`body ${i}`)));
      if (i === 10) for (const end of echo.ends) end.leave('restart');
      if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const got = await Promise.all(posts);
    expect(got.map(({ status, body }) => [status, body.toString()])).toEqual(got.map((_, i) => [200, `body ${i}`]));
    expect(echo.seen.length + echo.plain.length).toBeGreaterThanOrEqual(30);
    // None was worked on twice.
    const paths = [...echo.seen.map((head) => head.split(' ')[1]!), ...echo.plain.map((line) => line.split(' ')[1]!)];
    for (let i = 0; i < 30; i++) expect(paths.filter((path) => path === `/${i}`)).toHaveLength(1);
  });

  it('a client that goes away gives its stream back', async () => {
    await untilLinked();
    const headers = { host: 'acme.lapidary.localhost' };
    const asking = httpRequest({ port: traffic.port, path: '/gone?hold', headers });
    asking.on('error', () => undefined);
    asking.end();
    await waitFor('the request', () => echo.seen.some((head) => head.includes('/gone')) || undefined, soon);
    asking.socket!.resetAndDestroy();
    await waitFor('its end', () => echo.ends.every((end) => end.streamCount === 0) || undefined, soon);
  });
});

describe('a front door whose links are not for us', () => {
  it.each([
    ['another key', 'a-key-of-another-region-012345', 'our-own-key-0123456789'],
    ['a key that we lack', 'a-key-of-another-region-012345', null],
    ['no key, where we have one', null, 'our-own-key-0123456789'],
  ])('%s: all goes in plain HTTP/1.1', async (_, doorKey, routerKey) => {
    await start(doorKey, routerKey);
    const refused = async (): Promise<true | undefined> => {
      await ask('GET', '/');
      const { values } = await traffic.metrics.lapidary_router_links_closed_total.get();
      return values.some(({ labels, value }) => labels.fault === 'unauthenticated' && value > 0) || undefined;
    };
    await waitFor('a refused link', refused, soon);
    expect((await ask('POST', '/x', Buffer.from('plain'))).headers['x-by']).toBe('http');
    expect(echo.seen).toEqual([]);
  });
});
