import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { waitFor } from '@lapidary/kernel/wait-for';
import { closeServer, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { isLive, knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';
import { makeCertificate, putCertificate } from '../tls/certificate.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 10 };
const acceptOf = (key: string): string => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

let world: RouterWorld;
let router: RunningRouter;
let stamp: Server;
let session: ClientHttp2Session;
let upgrades: IncomingMessage[];
let sockets: Duplex[];

beforeEach(async () => {
  upgrades = [];
  sockets = [];
  stamp = createServer((_, response) => void response.writeHead(200).end('plain'));
  stamp.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    upgrades.push(request);
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (request.url === '/plain') return void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    if (request.url === '/refused') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    const accept = request.url === '/liar' ? acceptOf('another') : acceptOf(String(request.headers['sec-websocket-key']));
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
    socket.write(`${[...head, 'Sec-WebSocket-Protocol: chat', 'x-own: 1'].join('\r\n')}\r\n\r\nhello`);
    socket.on('data', (chunk: Buffer) => socket.write(`<${chunk.toString()}>`));
    // One that takes no notice of its client's end.
    if (request.url === '/deaf') return void setInterval(() => socket.write('tick'), 5).unref();
    socket.on('end', () => socket.end('bye'));
  });
  world = await RouterWorld.begin();
  const folder = join(world.folder, 'certificates');
  await mkdir(folder);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  await world.region.commit(world.stamp({ frontDoors: [`http://127.0.0.1:${await listen(stamp)}`] }));
  await world.region.commit(world.tenant('acme', { epoch: 3 }));
  router = await world.start(undefined, undefined, { LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: 0 });
  await isLive(router);
  await knows(router, 'acme', 3);
  session = connect(`https://127.0.0.1:${router.tlsPort}`, { servername: 'acme.lapidary.localhost', rejectUnauthorized: false });
  await once(session, 'remoteSettings');
});
afterEach(async () => {
  session.destroy();
  for (const socket of sockets) socket.destroy();
  await world.end();
  stamp.closeAllConnections();
  await closeServer(stamp);
});

interface Tunnel {
  readonly stream: ClientHttp2Stream;
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: () => string;
}

const open = async (path: string, over: OutgoingHttpHeaders = {}): Promise<Tunnel> => {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': path,
    ':authority': 'acme.lapidary.localhost',
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat',
    ...over,
  });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  stream.on('error', () => undefined);
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { stream, status: Number(headers[':status']), headers, text: () => text };
};
const comes = ({ text }: Tunnel, wanted: string): Promise<unknown> => waitFor(wanted, () => text() === wanted || undefined, soon);

describe('a WebSocket over HTTP/2 (RFC 8441)', () => {
  it('is offered, opened at the tenant’s stamp as over HTTP/1.1, and joined both ways; the handshake’s key is the router’s', async () => {
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
    const tunnel = await open('/ws?x=1', { 'sec-websocket-key': 'of the client', 'x-lapidary-tenant': 'beta' });
    expect(tunnel.status).toBe(200);
    expect(tunnel.headers).toMatchObject({ 'sec-websocket-protocol': 'chat', 'x-own': '1' });
    for (const name of ['sec-websocket-accept', 'upgrade', 'connection']) expect(tunnel.headers[name]).toBeUndefined();
    const [asked] = upgrades;
    expect(asked).toMatchObject({ method: 'GET', url: '/ws?x=1' });
    expect(asked?.headers).toMatchObject({
      'x-lapidary-tenant': 'acme',
      'x-lapidary-epoch': '3',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'chat',
      upgrade: 'websocket',
    });
    expect(asked?.headers['sec-websocket-key']).not.toBe('of the client');
    await comes(tunnel, 'hello');
    tunnel.stream.write('one');
    await comes(tunnel, 'hello<one>');
    // Each direction ends by itself.
    tunnel.stream.end('two');
    await comes(tunnel, 'hello<one><two>bye');
  });

  it('that the stamp refuses is refused as it says; one whose answer is for another key is not opened', async () => {
    const refused = await open('/refused');
    expect(refused.status).toBe(403);
    await comes(refused, 'no');
    expect((await open('/liar')).status).toBe(502);
    // 200 would say that it is open.
    expect((await open('/plain')).status).toBe(502);
    expect((await open('/ws')).status).toBe(200);
  });

  it('other requests go on beside it on the connection, and a client that resets it ends it at the stamp', async () => {
    const tunnel = await open('/ws');
    await comes(tunnel, 'hello');
    const beside = session.request({ ':path': '/', ':authority': 'acme.lapidary.localhost' });
    let text = '';
    beside.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(beside, 'end');
    expect(text).toBe('plain');
    tunnel.stream.close();
    await waitFor('its end at the stamp', () => sockets[0]?.destroyed || sockets[0]?.readableEnded || undefined, soon);
  });

  it.each(['/ws', '/deaf'])('whose client is gone keeps neither its place nor its connection to the stamp (%s)', async (path) => {
    const { lapidary_router_stamp_tunnels: gauge } = router.router.metrics;
    const places = async (): Promise<number | undefined> => (await gauge.get()).values[0]?.value;
    await open(path);
    expect(await places()).toBe(1);
    session.destroy();
    await waitFor('its place', async () => (await places()) === 0 || undefined, soon);
    await waitFor('its end at the stamp', () => sockets[0]?.destroyed || undefined, soon);
  });

  it.each<[string, OutgoingHttpHeaders, number]>([
    ['another protocol', { ':protocol': 'connect-udp' }, 501],
    ['a host that differs', { host: 'beta.lapidary.localhost' }, 400],
    ['a tenant that there is not', { ':authority': 'nobody.lapidary.localhost' }, 404],
  ])('with %s is refused in words, and reaches no stamp', async (_, over, status) => {
    expect((await open('/ws', over)).status).toBe(status);
    expect(upgrades).toEqual([]);
  });
});
