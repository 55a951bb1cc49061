import { mkdir } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { createRouterMetrics } from '../metrics.js';
import { isLive, knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';
import { makeCertificate, putCertificate } from '../tls/certificate.fixture.js';
import { ClientAddresses } from './client-addresses.js';
import { ProxyListener } from './proxy-listener.js';

let world: RouterWorld;
let router: RunningRouter;

const start = async (more: Record<string, unknown>): Promise<void> => {
  const folder = join(world.folder, 'certificates');
  await mkdir(folder);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  router = await world.start(undefined, undefined, { LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: 0, ...more });
  await isLive(router);
  await knows(router, 'acme');
};

beforeEach(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
});
afterEach(() => world.end());

const request = 'GET / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
const header1 = 'PROXY TCP4 203.0.113.9 198.51.100.1 56237 443\r\n';
const header2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24', 'latin1'),
  Buffer.from('20010db8000000000000000000000009', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from([0xdb, 0xad, 1, 0xbb]),
]);
/** One connection of the stamp carries requests of several clients. */
const told = (): (string | undefined)[] =>
  world.door.received.flatMap((text) => Array.from(text.matchAll(/x-forwarded-for: (.*)\r\n/g), ([, address]) => address));
const bothProxied = { LAPIDARY_PROXY_PROTOCOL: 'http,https', LAPIDARY_PROXY_SENDERS: '127.0.0.0/8' };
const answered = /^HTTP\/1.1 200 [^]*ok$/;

describe('behind a load balancer that speaks the PROXY protocol', () => {
  it.each([
    ['version 1', Buffer.from(header1), '203.0.113.9'],
    ['version 2', header2, '2001:db8::9'],
    ['a check of its own (LOCAL)', Buffer.from('\r\n\r\n\0\r\nQUIT\n\x20\0\0\0', 'latin1'), '127.0.0.1'],
  ])('the stamp hears of the client: %s, in one packet or in many', async (_, header, address) => {
    await start(bothProxied);
    const bytes = Buffer.concat([header, Buffer.from(request)]).toString('latin1');
    expect(await exchangeBytes(router.port, bytes, answered)).toMatch(answered);
    expect(await exchangeBytes(router.port, [...bytes], answered)).toMatch(answered);
    expect(told()).toEqual([address, address]);
  });

  it('the same within TLS', async () => {
    await start(bothProxied);
    const plain = connectPlain(router.tlsPort, '127.0.0.1');
    await new Promise((resolve) => plain.once('connect', resolve));
    plain.write(header1);
    const socket = connect({ socket: plain, servername: 'acme.lapidary.localhost', rejectUnauthorized: false });
    const text = await new Promise<string>((resolve) => {
      let soFar = '';
      socket.on('data', (chunk: Buffer) => {
        soFar += chunk.toString();
        if (answered.test(soFar)) resolve(soFar);
      });
      socket.once('secureConnect', () => socket.write(request));
    });
    expect(text).toMatch(answered);
    expect(told()).toEqual(['203.0.113.9']);
    expect(world.door.received.find((text) => text.startsWith('GET / '))).toMatch(/x-forwarded-proto: https/);
    socket.destroy();
  });

  it('the same over HTTP/2, and of one client’s requests only', async () => {
    await start(bothProxied);
    const sessions = await Promise.all(
      ['203.0.113.1', '203.0.113.2'].map(async (address) => {
        const plain = connectPlain(router.tlsPort, '127.0.0.1');
        await new Promise((resolve) => plain.once('connect', resolve));
        plain.write(`PROXY TCP4 ${address} 198.51.100.1 56237 443\r\n`);
        const options = { socket: plain, servername: 'acme.lapidary.localhost', rejectUnauthorized: false, ALPNProtocols: ['h2'] };
        return connectHttp2('https://acme.lapidary.localhost', { createConnection: () => connect(options) });
      }),
    );
    for (const session of [...sessions, ...sessions]) {
      const stream = session.request({ ':path': '/' });
      await new Promise((resolve) => stream.resume().once('end', resolve));
    }
    expect(told()).toEqual(['203.0.113.1', '203.0.113.2', '203.0.113.1', '203.0.113.2']);
    for (const session of sessions) session.destroy();
  });

  it.each([
    ['without a header', request],
    ['with a broken header', `PROXY TCP4 203.0.113.999 198.51.100.1 1 2\r\n${request}`],
    ['with two headers', header1 + header1 + request],
  ])('a connection %s gets nothing', async (_, bytes) => {
    await start(bothProxied);
    expect(await exchangeBytes(router.port, bytes)).not.toMatch(/ 200 /);
    expect(world.door.received).toEqual([]);
  });

  it('a connection of anybody else gets nothing', async () => {
    await start({ ...bothProxied, LAPIDARY_PROXY_SENDERS: '10.0.0.0/8' });
    expect(await exchangeBytes(router.port, header1 + request)).toBe('');
    expect(world.door.received).toEqual([]);
  });

  it('without anybody to believe, the router doesn’t start', async () => {
    await expect(start({ LAPIDARY_PROXY_PROTOCOL: 'http' })).rejects.toThrow('LAPIDARY_PROXY_SENDERS');
  });
});

describe('a header that is slow in coming', () => {
  const open = async (): Promise<{ port: number; reasons: () => Promise<unknown>; close: () => Promise<void> }> => {
    const metrics = createRouterMetrics({ processMetrics: false });
    const isSender = (): boolean => true;
    const onConnection = (socket: Socket): void => void socket.end('taken');
    const listener = new ProxyListener({ isSender, addresses: new ClientAddresses(), metrics, onConnection, headerMs: 200 });
    const reasons = async (): Promise<unknown> =>
      (await metrics.lapidary_router_proxy_refused_total.get()).values.map(({ labels, value }) => [labels['reason'], value]);
    return { port: await listener.listen({ host: '127.0.0.1', port: 0 }), reasons, close: () => listener.close(0) };
  };

  it.each([
    ['nothing comes', ''],
    ['a byte comes at a time, and no end', header1.slice(0, -1)],
  ])('is waited for by time, not by bytes: %s', async (_, bytes) => {
    const { port, reasons, close } = await open();
    const socket = connectPlain(port, '127.0.0.1');
    const left = [...bytes];
    const drip = setInterval(() => left.length > 0 && socket.write(left.shift()!), 20);
    let came = '';
    socket.on('data', (chunk: Buffer) => (came += chunk.toString()));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(drip);
    expect([came, await reasons()]).toEqual(['', [['slow', 1]]]);
    await close();
  });

  it('is closed with its listener', async () => {
    const { port, close } = await open();
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.write('PROXY ', resolve));
    const over = new Promise((resolve) => socket.resume().once('close', resolve));
    await close();
    await over;
  });
});

describe('where the PROXY protocol is not expected', () => {
  it('its header is no HTTP', async () => {
    await start({});
    expect(await exchangeBytes(router.port, header1 + request)).toMatch(/^HTTP\/1.1 400 /);
    expect(world.door.received).toEqual([]);
  });

  it('a trusted proxy’s X-Forwarded-For is believed, and nobody else’s', async () => {
    await start({ LAPIDARY_TRUSTED_PROXIES: '127.0.0.1' });
    await exchangeBytes(router.port, request, answered);
    expect(told()).toEqual(['6.6.6.6']);
  });
});
