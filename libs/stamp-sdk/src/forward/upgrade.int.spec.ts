import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { WebSocket, WebSocketServer } from 'ws';
import {
  answerBytes,
  closeServer,
  exchangeBytes,
  listen,
  startForwarder,
  startRawUpstream,
  type RawUpstream,
  type TestForwarder,
} from './forward.fixture.js';

const upgradeRequest = (headers: readonly string[] = [], protocol = 'websocket'): string =>
  [`GET /ws HTTP/1.1`, 'Host: a', `Upgrade: ${protocol}`, 'Connection: Upgrade', 'Sec-WebSocket-Key: x', ...headers].join('\r\n') +
  '\r\n\r\n';
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n';

let forwarder: TestForwarder;
let upstream: RawUpstream | undefined;
afterEach(async () => {
  await forwarder.close();
  await upstream?.close();
  upstream = undefined;
});
const startRaw = async (onData: Parameters<typeof startRawUpstream>[0]): Promise<RawUpstream> => {
  upstream = await startRawUpstream(onData);
  forwarder = await startForwarder(upstream.url);
  return upstream;
};

describe('a WebSocket through the forwarder', () => {
  let server: Server;
  let sockets: WebSocketServer;
  beforeEach(async () => {
    server = createServer();
    sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
    forwarder = await startForwarder(`http://127.0.0.1:${await listen(server)}`);
  });
  afterEach(async () => {
    sockets.close();
    await closeServer(server);
  });

  it('carries messages of 1 byte and of 4 MB both ways, and the close', async () => {
    const result = forwarder.nextResult();
    const socket = new WebSocket(`ws://127.0.0.1:${forwarder.port}/ws`);
    const echo = (message: Buffer): Promise<Buffer> =>
      new Promise((resolve) => {
        socket.once('message', (data) => resolve(data as Buffer));
        socket.send(message);
      });
    await new Promise((resolve) => socket.once('open', resolve));
    const big = Buffer.alloc(4 * 1024 * 1024, 7);
    expect((await echo(Buffer.from('x'))).toString()).toBe('x');
    expect((await echo(big)).equals(big)).toBe(true);
    socket.close();
    const end = await result;
    expect(end).toMatchObject({ kind: 'tunnelled' });
    expect(end.kind === 'tunnelled' && Math.min(end.bytesUp, end.bytesDown)).toBeGreaterThan(big.length);
  });

  it('ends on the other side when one side dies', async () => {
    const result = forwarder.nextResult();
    const socket = new WebSocket(`ws://127.0.0.1:${forwarder.port}/ws`);
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const client of sockets.clients) client.terminate();
    await closed;
    expect((await result).kind).toBe('tunnelled');
  });
});

describe('an upgrade that the upstream refuses or mishandles', () => {
  it('is answered with its refusal, and the connection ends: a request pipelined behind it never reaches the upstream', async () => {
    const raw = await startRaw((socket) => socket.write(answerBytes('403 Forbidden', [], 'no')));
    const text = await exchangeBytes(forwarder.port, upgradeRequest() + 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 403[^]*no$/);
    expect(raw.received.join('')).not.toContain('smuggled');
    expect(forwarder.results).toMatchObject([{ kind: 'answered', status: 403 }]);
  });

  it.each([
    ['resets', null],
    ['switches to another protocol', accepted.replace('websocket', 'h2c')],
  ])('%s: 502', async (_, answer) => {
    await startRaw((socket) => (answer === null ? socket.resetAndDestroy() : socket.write(answer)));
    expect(await exchangeBytes(forwarder.port, upgradeRequest())).toMatch(/^HTTP\/1.1 502/);
    expect(forwarder.results).toMatchObject([{ kind: 'no_answer' }]);
  });

  it('bytes sent before the 101 wait for it', async () => {
    const raw = await startRaw((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) setImmediate(() => socket.write(accepted));
      if (soFar.endsWith('early')) socket.end('late');
    });
    const text = await exchangeBytes(forwarder.port, upgradeRequest() + 'early', /late$/);
    expect(text).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: y\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nlate$/,
    );
    expect(raw.received[0]).toMatch(/\r\n\r\nearly$/);
  });

  it('one direction may end before the other (half-close)', async () => {
    await startRaw((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) socket.write(accepted);
      if (soFar.endsWith('question')) socket.removeAllListeners('end').once('end', () => socket.end('answer'));
    });
    const text = await new Promise<string>((resolve) => {
      let seen = '';
      const client = connect({ port: forwarder.port, host: '127.0.0.1', allowHalfOpen: true }, () => client.write(upgradeRequest()));
      client.on('data', (chunk) => {
        seen += String(chunk);
        if (seen.endsWith('\r\n\r\n')) client.end('question');
      });
      client.on('close', () => resolve(seen));
    });
    expect(text).toMatch(/^HTTP\/1.1 101[^]*\r\n\r\nanswer$/);
    const end = await waitFor('the tunnel to end', () => forwarder.results[0], { timeoutMs: 60_000, intervalMs: 5 });
    expect(end).toMatchObject({ kind: 'tunnelled', bytesUp: 8, bytesDown: 6 });
  });
});

describe('requests that only look like upgrades', () => {
  it.each([
    ['h2c (h2c smuggling)', upgradeRequest(['HTTP2-Settings: AAMAAABkAAQAAP__'], 'h2c')],
    ['a list of protocols', upgradeRequest([], 'websocket, h2c')],
    ['with a body', upgradeRequest(['Content-Length: 5']) + 'hello'],
  ])('%s: an ordinary request without Upgrade', async (_, bytes) => {
    const raw = await startRaw((socket, soFar) => {
      if (/\r\n\r\n(hello)?$/.test(soFar)) socket.write(answerBytes('200 OK', [], 'plain'));
    });
    expect(await exchangeBytes(forwarder.port, bytes, /plain$/)).toMatch(/^HTTP\/1.1 200/);
    expect(raw.received[0]).not.toMatch(/upgrade|http2-settings/i);
  });
});
