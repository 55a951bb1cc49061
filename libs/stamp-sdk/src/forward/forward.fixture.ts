import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { forwardRequest, type ForwardOptions } from './forward-request.js';
import type { ForwardResult } from './forward-result.js';
import { ReplayBuffer } from './replay-buffer.js';
import { bodyFraming, requestProblem } from './request-check.js';
import { responseOnSocket, wantsTunnel } from './upgrade.js';
import { Upstream } from './upstream.js';

/** For the contract tests: a forwarder with nothing around it, upstreams that misbehave byte by byte, a client that sends bytes. */
export interface TestForwarder {
  readonly url: string;
  readonly port: number;
  /** What became of each request, in the order of their ends. */
  readonly results: ForwardResult[];
  nextResult(): Promise<ForwardResult>;
  close(): Promise<void>;
}

const quickTimeouts = { connectMs: 500, headMs: 500, idleMs: 500 };

export const startForwarder = async (baseUrl: string, overrides: Partial<ForwardOptions> = {}): Promise<TestForwarder> => {
  const upstream = new Upstream(baseUrl);
  const results: ForwardResult[] = [];
  const waiting: ((result: ForwardResult) => void)[] = [];
  const done = (result: ForwardResult, response: ServerResponse, body: ReplayBuffer): void => {
    if (!response.headersSent && !response.destroyed) response.writeHead(502).end(result.kind);
    body.discard();
    results.push(result);
    waiting.shift()?.(result);
  };
  const forward = async (request: IncomingMessage, response: ServerResponse, tunnel?: ForwardOptions['tunnel']): Promise<void> => {
    const problem = requestProblem({
      method: request.method!,
      url: request.url!,
      httpVersion: request.httpVersion,
      rawHeaders: request.rawHeaders,
    });
    if (problem) return void response.writeHead(problem.status, { connection: 'close' }).end(problem.reason);
    const onStart = (): void => {
      if (request.headers.expect) response.writeContinue();
    };
    const body = new ReplayBuffer(request, { empty: bodyFraming(request.rawHeaders).kind === 'none', onStart });
    const rules = { set: { 'x-lapidary-epoch': '7' } };
    const common = {
      upstream,
      request,
      response,
      body,
      requestRules: rules,
      answerRules: { set: {} },
      trusted: true,
      timeouts: quickTimeouts,
      tunnel,
    };
    done(await forwardRequest({ ...common, ...overrides }), response, body);
  };
  const server = createServer({ insecureHTTPParser: false, shouldUpgradeCallback: wantsTunnel }, (q, r) => void forward(q, r));
  server.on('checkContinue', (q: IncomingMessage, r: ServerResponse) => void forward(q, r));
  server.on('upgrade', (q: IncomingMessage, socket: Duplex, head: Buffer) => {
    void forward(q, responseOnSocket(q, socket), { socket, head, idleMs: 2_000 });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    results,
    nextResult: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      upstream.close();
      await closeServer(server);
    },
  };
};

export const listen = (server: Server | NetServer): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

export const closeServer = (server: Server | NetServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) server.closeAllConnections();
  });

export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  /** Everything that arrived, per connection, in order. */
  readonly received: string[];
  readonly connections: number;
  close(): Promise<void>;
}

/** An upstream that sees and answers bytes. `onData` gets the socket and all that its connection has received so far. */
export const startRawUpstream = async (onData: (socket: Socket, soFar: string, connection: number) => void): Promise<RawUpstream> => {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    const connection = received.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      received[connection] += chunk.toString('latin1');
      onData(socket, received[connection]!, connection);
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    get connections() {
      return received.length;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await closeServer(server);
    },
  };
};

/** With nothing to wait for: what has not come by then is taken for not coming. */
const quietMs = 2_000;
/** Where an answer is waited for: a busy machine may take seconds, and only a broken forwarder takes this long. */
const answerMs = 10_000;

/** Sends bytes and returns all that comes back until `until` matches or the connection closes, for as long as told. */
export const exchangeBytes = (
  port: number,
  bytes: string | readonly string[],
  until?: RegExp,
  patienceMs: number = until === undefined ? quietMs : answerMs,
): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, patienceMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until?.test(text) === true) end();
    });
    socket.on('error', end);
    socket.on('close', end);
    for (const part of typeof bytes === 'string' ? [bytes] : bytes) socket.write(part, 'latin1');
  });

/** A status line and a whole small answer, as bytes. */
export const answerBytes = (status: string, headers: readonly string[] = [], body = ''): string =>
  `HTTP/1.1 ${status}\r\n${[...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
