import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createLogger } from '@lapidary/telemetry/logger';
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
const soon = { timeoutMs: 30_000, intervalMs: 2 };
const patientTimeouts = { connectMs: 30_000, headMs: 30_000, idleMs: 30_000 };

/** Every socket that a server in this process accepts, as the kernel has it: what it has read of it is what the router has. */
let accepted: Socket[];
const note = (message: unknown): void => void accepted.push((message as { readonly socket: Socket }).socket);
beforeEach(() => {
  accepted = [];
  subscribe('net.server.socket', note);
});
afterEach(() => unsubscribe('net.server.socket', note));

const wholeAnswer = /^HTTP\/1.1 307 [^]*location: https:\/\/acme.eu.example.net\/orders\r\n[^]*\}$/;

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
      expect(await upload(client, first)).toMatch(wholeAnswer);
      // A TLS record more, and what the handshake's last message is.
      const ofTlsBytes = isTls ? 2 * 1024 : 0;
      expect(accepted[0]!.bytesRead - before).toBeLessThanOrEqual(head.length + besideBytes + ofTlsBytes);
      await tls.close(0);
      await traffic.close();
      await rm(folder, { recursive: true });
    },
  );
});

it('over HTTP/2 no more of a body comes than its stream’s window, none of it reaches a stamp, and the stream ends', async () => {
  const world = await Http2World.begin();
  world.traffic.route({ tenant: 'strict', strictIn: ['eu'] });
  const wire = await world.open();
  const fields = usual('POST', '/').map(([name, value]) => [name, name === ':authority' ? 'strict.lapidary.localhost' : value] as const);
  const piece = frame(types.data, 0, 1, Buffer.alloc(16_000));
  wire.send(headers(1, fields, endHeaders), piece, piece);
  await waitFor('the end of the stream', () => wire.resetOf(1) === 0 || undefined, soon);
  expect(wire.of(types.headers, 1)).toHaveLength(1);
  // Nothing opened the window again.
  expect(wire.of(types.windowUpdate, 1)).toEqual([]);
  expect(world.seen).toEqual([]);
  wire.socket.destroy();
  await world.end();
});
