import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { connect as connectHttp2, type Settings } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createLogger } from '@lapidary/telemetry/logger';
import { dropMs } from './client-bounds.js';
import { FastServer } from './engine/fast-server.js';
import { Http2World } from './http2/http2-world.fixture.js';
import { endHeaders, frame, headers, types, usual } from './http2/wire.fixture.js';
import { makeCertificate, putCertificate } from './tls/certificate.fixture.js';
import { TlsServer } from './tls/tls-server.js';
import { requestBytes, startTraffic } from './traffic.fixture.js';

/** One read of a socket's. */
const readBytes = 64 * 1024;
const bodyBytes = 5_000_000;
const head = requestBytes('POST', '/orders', [`Content-Length: ${bodyBytes}`]);
const soon = { timeoutMs: 60_000, intervalMs: 2 };
const patientTimeouts = { connectMs: 30_000, headMs: 30_000, idleMs: 30_000 };

/** Every socket that a server in this process accepts, as the kernel has it: what it has read of it is what the router has. */
let accepted: Socket[];
const note = (message: unknown): void => void accepted.push((message as { readonly socket: Socket }).socket);
beforeEach(() => {
  accepted = [];
  subscribe('net.server.socket', note);
});
afterEach(() => unsubscribe('net.server.socket', note));

const wholeAnswer = /^HTTP\/1.1 30[78] [^]*location: https:\/\/acme.eu.example.net\/orders\r\n[^]*\}$/;

/** Sends, and goes on sending, until the connection is over; resolves to what was answered. */
const upload = async (client: Socket, first: readonly Buffer[]): Promise<string> => {
  let text = '';
  let over = false;
  client.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString()));
  client.once('close', () => (over = true));
  for (const bytes of first) client.write(bytes);
  await waitFor('the answer', () => wholeAnswer.test(text) || over || undefined, soon);
  if (!over) client.write(Buffer.alloc(2 * bodyBytes));
  await waitFor('the end of the connection', () => over || undefined, soon);
  return text;
};

describe.each([
  ['the general path', 'general', false],
  ['the fast path behind TLS', 'fast', true],
  ['the general path behind TLS', 'general', true],
] as const)('%s', (_, on, isTls) => {
  it.each([
    ['alone', [Buffer.from(head)], 0],
    ['together with its body', [Buffer.concat([Buffer.from(head), Buffer.alloc(bodyBytes / 2)])], readBytes],
  ])(
    'reads nothing behind the head of a tenant strict elsewhere that comes %s but what is in the same read (I3)',
    async (_, first, besideBytes) => {
      const traffic = await startTraffic([], { on, timeouts: patientTimeouts });
      traffic.route({ strictIn: ['eu'] });
      const folder = await mkdtemp(join(tmpdir(), 'lapidary-certificates-'));
      await putCertificate(folder, 'base', makeCertificate(['acme.lapidary.localhost']));
      const { server, metrics } = traffic;
      const attach = (socket: Socket): void => {
        if (server instanceof FastServer) server.attach(socket, { address: '127.0.0.1', proto: 'https' });
        else server.attach(socket);
      };
      const logger = createLogger('test', 'silent');
      const tls = await TlsServer.start({ folder, metrics, logger, onHttp1: attach, onHttp2: (socket) => socket.destroy() });
      const to = { host: '127.0.0.1', allowHalfOpen: true };
      let before = 0;
      const client = isTls
        ? connectTls({
            ...to,
            port: await tls.listen({ host: '127.0.0.1', port: 0 }),
            servername: 'acme.lapidary.localhost',
            rejectUnauthorized: false,
          })
        : connect({ ...to, port: traffic.port });
      if (isTls) await new Promise((resolve) => client.once('secureConnect', resolve));
      await waitFor('the connection', () => accepted.length > 0 || undefined, soon);
      before = accepted[0]!.bytesRead;
      const beganMs = performance.now();
      expect(await upload(client, first)).toMatch(wholeAnswer);
      // Nobody sees the client go: what it may take for its answer is all that the connection is kept for.
      expect(performance.now() - beganMs).toBeLessThan(dropMs);
      // A TLS record more, and what the handshake's last message is.
      const ofTlsBytes = isTls ? 2 * 1024 : 0;
      expect(accepted[0]!.bytesRead - before).toBeLessThanOrEqual(head.length + besideBytes + ofTlsBytes);
      await tls.close(0);
      await traffic.close();
      await rm(folder, { recursive: true });
    },
  );
});

it.each(['fast', 'general'] as const)(
  'nothing is read behind an upgrade that is asked of a tenant strict elsewhere, on the %s path (I3)',
  async (on) => {
    const traffic = await startTraffic([], { on, timeouts: patientTimeouts });
    traffic.route({ strictIn: ['eu'] });
    const asking = requestBytes('GET', '/orders', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x']);
    const client = connect({ port: traffic.port, host: '127.0.0.1', allowHalfOpen: true });
    expect(await upload(client, [Buffer.from(asking)])).toMatch(/^HTTP\/1.1 308 /);
    expect(accepted[0]!.bytesRead).toBeLessThanOrEqual(asking.length + readBytes);
    await traffic.close();
  },
);

describe('over HTTP/2', () => {
  let world: Http2World;
  beforeEach(async () => {
    world = await Http2World.begin();
    world.traffic.route({ tenant: 'strict', strictIn: ['eu'] });
  });
  afterEach(() => world.end());

  /** On a connection of its own, by a client that knows how much it may send. */
  const post = async (
    tenant: string,
    bytes: number,
  ): Promise<{ readonly status: unknown; readonly text: string; readonly first: unknown }> => {
    const session = connectHttp2(`http://127.0.0.1:${world.port}`).on('error', () => undefined);
    const [settings] = (await once(session, 'remoteSettings')) as [Settings];
    const to = { ':method': 'POST', ':path': '/', ':scheme': 'https', ':authority': `${tenant}.lapidary.localhost` };
    const stream = session.request(to).on('error', () => undefined);
    stream.end('x'.repeat(bytes));
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    await once(stream, 'end');
    session.destroy();
    return { status: headers[':status'], text, first: settings.initialWindowSize };
  };

  it('nothing of a body comes from a client that knows how much it may send; where it is read all of it comes (I3)', async () => {
    expect(await post('strict', bodyBytes)).toMatchObject({ status: 307, first: 0 });
    expect(accepted[0]!.bytesRead).toBeLessThan(2 * 1024);
    expect(await post('acme', bodyBytes)).toMatchObject({ status: 200, first: 0, text: `got ${'x'.repeat(bodyBytes)}` });
  });

  it('what a client sends before it has heard of it reaches no stamp, it may send no more, and the stream ends', async () => {
    const wire = await world.open();
    const fields = usual('POST', '/').map(([name, value]) => [name, name === ':authority' ? 'strict.lapidary.localhost' : value] as const);
    const piece = frame(types.data, 0, 1, Buffer.alloc(16_000));
    wire.send(headers(1, fields, endHeaders), piece, piece);
    await waitFor('the end of the stream', () => wire.resetOf(1) === 0 || undefined, soon);
    expect(wire.of(types.headers, 1)).toHaveLength(1);
    // Nothing opened the window again.
    expect(wire.of(types.windowUpdate, 1)).toEqual([]);
    expect(wire.of(types.settings).filter(({ flags }) => flags === 0)).toHaveLength(1);
    expect(world.seen).toEqual([]);
    wire.socket.destroy();
  });
});
