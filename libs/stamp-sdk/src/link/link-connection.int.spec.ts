import { randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { askOn, openLink, startEcho, type EchoServer, type OpenLink } from './link-echo.fixture.js';
import { isPrivateAddress } from './upgrade-link.js';

const key = 'a-link-key-of-this-region-0123456789';
const soon = { timeoutMs: 60_000, intervalMs: 10 };
let echo: EchoServer;
const links: OpenLink[] = [];
const open = async (...how: Parameters<typeof openLink>): Promise<OpenLink> => {
  const one = await openLink(...how);
  links.push(one);
  return one;
};

beforeEach(async () => {
  echo = await startEcho();
});
afterEach(async () => {
  for (const { link } of links.splice(0)) link.close();
  await echo.close();
});

describe('a link over real sockets', () => {
  it('ten thousand requests on four links, some given up on the way: each answer is its request’s own (L1)', async () => {
    const four = await Promise.all([1, 2, 3, 4].map(() => open(echo.port)));
    let whole = 0;
    let givenUp = 0;
    const lane = async (number: number): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        const { link } = four[(number + i) % four.length]!;
        const nonce = randomBytes(12).toString('hex');
        const body = Buffer.alloc(randomInt(20) === 0 ? randomInt(100_000) : randomInt(500), nonce);
        const one = askOn(link, `POST /${nonce} HTTP/1.1\r\n\r\n`, body.length === 0);
        if (randomInt(10) === 0) {
          if (randomInt(2) === 0 && body.length > 0) one.stream!.write(body.subarray(0, 100));
          await new Promise((resolve) => setImmediate(resolve));
          one.stream!.reset('cancelled');
          givenUp += 1;
          continue;
        }
        if (body.length > 0) await one.send(body);
        const { how, head, body: back } = await one.answer;
        if (how !== 'ended' || !head.includes(`x-echo: /${nonce}\r\n`) || !back.equals(body))
          throw new Error(`${how} ${head} ${back.length}`);
        whole += 1;
      }
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => lane(i)));
    expect(whole + givenUp).toBe(10_000);
    await waitFor('all streams to be over', () => four.every(({ link }) => link.streamCount === 0) || undefined, soon);
    expect(echo.ends.map((end) => end.streamCount)).toEqual([0, 0, 0, 0]);
    expect(four.map(({ log }) => log)).toEqual(four.map(() => ['open']));
  });

  it('a reader that stands still holds up nobody else (L4)', async () => {
    const { link } = await open(echo.port);
    const big = Buffer.alloc(3_000_000, 'x');
    const still = askOn(link, 'POST /still HTTP/1.1\r\n\r\n', false);
    still.isReading = false;
    const sending = still.send(big);
    await waitFor('a full window', () => still.bytes >= 64 * 1024 || undefined, soon);
    const others = Array.from({ length: 300 }, (_, i) => {
      const one = askOn(link, `POST /${i} HTTP/1.1\r\n\r\n`, false);
      void one.send(big.subarray(0, 20_000));
      return one.answer;
    });
    for (const { how, body } of await Promise.all(others)) expect([how, body.length]).toEqual(['ended', 20_000]);
    expect(still.bytes).toBe(64 * 1024);
    still.isReading = true;
    still.read();
    await sending;
    expect((await still.answer).body.equals(big)).toBe(true);
  });

  it('cut in the middle: every request has its verdict, and nothing is left (L7)', async () => {
    const { link, log } = await open(echo.port);
    const held = Array.from({ length: 100 }, (_, i) => askOn(link, `GET /${i}?hold HTTP/1.1\r\n\r\n`, true));
    const begun = askOn(link, 'POST /begun HTTP/1.1\r\n\r\n', false);
    begun.stream!.write('some');
    await waitFor('the requests', () => (echo.seen.length === 101 && begun.bytes === 4) || undefined, soon);
    echo.sockets[0]!.destroy();
    expect(new Set((await Promise.all(held.map((one) => one.answer))).map(({ how }) => how))).toEqual(new Set(['lost broken sent']));
    expect((await begun.answer).how).toBe('lost broken answered');
    expect(log).toEqual(['open', 'closed broken']);
    expect([link.hasRoom, link.streamCount]).toEqual([false, 0]);
  });

  it('a drain of the agent’s answers what is under way and closes (L9)', async () => {
    const { link, log } = await open(echo.port);
    const before = askOn(link, 'POST /before HTTP/1.1\r\n\r\n', false);
    await waitFor('the request', () => echo.seen.length === 1 || undefined, soon);
    echo.ends[0]!.leave('restart');
    const crossing = askOn(link, 'GET /crossing HTTP/1.1\r\n\r\n', true);
    expect((await crossing.answer).how).toBe('reset refused');
    await before.send(Buffer.from('body'));
    expect((await before.answer).body.toString()).toBe('body');
    await waitFor('the end of the link', () => log.length === 3 || undefined, soon);
    expect(log).toEqual(['open', 'leaving', 'closed closed']);
    expect(echo.seen).toHaveLength(1);
  });

  it('a peer that is silent is found by PING, one that is only idle is not', async () => {
    const idle = await open(echo.port, null, 'eu-1', 30);
    const dead = await open(echo.port, null, 'eu-1', 30);
    // Reads no more, as a process that hangs.
    echo.sockets[1]!.pause();
    await waitFor('the silent one to be given up', () => dead.log.length === 2 || undefined, soon);
    expect(dead.log).toEqual(['open', 'closed silent']);
    expect(idle.log).toEqual(['open']);
  });
});

describe('who may not speak the link', () => {
  it('a router with another key, or none, where the agent has one', async () => {
    const keyed = await startEcho(key);
    expect((await open(keyed.port, key)).log).toEqual(['open']);
    expect((await open(keyed.port, `${key}!`)).log).toEqual(['closed unauthenticated']);
    expect((await open(keyed.port)).log).toEqual(['closed unauthenticated']);
    await keyed.close();
  });

  it('another stamp than the one meant', async () => {
    expect((await open(echo.port, null, 'eu-2')).log).toEqual(['closed unauthenticated']);
  });

  it.each([
    ['answers as to any request', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'closed not_spoken'],
    ['switches to another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n', 'closed not_spoken'],
    ['talks without end', 'x'.repeat(10_000), 'closed not_spoken'],
    ['drains', 'HTTP/1.1 503 Service Unavailable\r\n\r\n', 'closed broken'],
    ['switches, then talks rubbish', 'HTTP/1.1 101 X\r\nUpgrade: lapidary-link\r\n\r\nGET / HTTP/1.1\r\n\r\n', 'closed bad_frame'],
  ])('a front door that %s', async (_, says, end) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(says));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { log } = await open((server.address() as AddressInfo).port);
    expect(log).toEqual([end]);
    server.close();
  });

  it('addresses outside of the fleet, where there is no key', () => {
    const near = ['127.0.0.1', '::1', '10.1.2.3', '172.16.0.1', '172.31.255.1', '192.168.1.1', '::ffff:10.0.0.1', 'fd00::1', 'fe80::1'];
    const far = ['8.8.8.8', '172.32.0.1', '172.15.0.1', '11.0.0.1', '2001:db8::1', '::ffff:8.8.8.8', '', undefined];
    expect(near.filter((address) => !isPrivateAddress(address))).toEqual([]);
    expect(far.filter((address) => isPrivateAddress(address))).toEqual([]);
  });
});
