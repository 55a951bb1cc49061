import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { connectionTokens, headerValues, responseHeaders, type HeaderRules } from './hop-by-hop.js';
import { Watchdog } from './watchdog.js';

/** The only protocol we switch to. "h2c" would let a client talk past all checks (h2c smuggling). */
const tunnelProtocol = 'websocket';

/** A body before the switch would be read as the tunnel's first bytes by one side and as a body by the other. */
const carriesBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';

/** Whether a request asks for a tunnel that we grant; all others are treated as requests without "Upgrade". */
export const wantsTunnel = (request: IncomingMessage): boolean => {
  const protocols = headerValues(request.rawHeaders, 'upgrade');
  return (
    request.method === 'GET' &&
    request.httpVersion === '1.1' &&
    protocols.length === 1 &&
    protocols[0]!.toLowerCase() === tunnelProtocol &&
    connectionTokens(request.rawHeaders).has('upgrade') &&
    !carriesBody(request)
  );
};

/** Whether Node's parser takes it for the last request of its connection (RFC 9110 §7.8), granted or not. */
export const asksForUpgrade = ({ rawHeaders }: IncomingMessage): boolean =>
  headerValues(rawHeaders, 'upgrade').length > 0 && connectionTokens(rawHeaders).has('upgrade');

/** What the upstream is asked, beside the end-to-end headers. */
export const tunnelRequestHeaders = ['connection', 'Upgrade', 'upgrade', tunnelProtocol] as const;

/** A client that doesn't close its side would keep the socket for good. */
const lingerMs = 1_000;

/** Ends it once all is sent. Nobody reads what the client may still send: unread, it would hide that the client has closed. */
const endSocket = (socket: Duplex): void => {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
};

/** An ordinary response on a socket that the server has handed over; the connection closes after it. */
export const responseOnSocket = (request: IncomingMessage, socket: Duplex): ServerResponse => {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // Node hands over the net.Socket it parsed from; the declared type is wider.
  response.assignSocket(socket as never);
  response.on('finish', () => endSocket(socket));
  socket.on('error', () => socket.destroy());
  return response;
};

const switchingHead = (answer: IncomingMessage, rules: HeaderRules, trusted: boolean): string => {
  const headers = [...responseHeaders(answer.rawHeaders, rules, trusted), ...tunnelRequestHeaders];
  const lines: string[] = ['HTTP/1.1 101 Switching Protocols'];
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
};

export interface TunnelEnds {
  readonly client: Duplex;
  /** What the client sent behind its request, before it could know of the switch. */
  readonly clientHead: Buffer;
  readonly upstream: Duplex;
  readonly upstreamHead: Buffer;
}

/** Of a client whose protocol switches in another way (HTTP/2). */
export interface TunnelOpening {
  /** Whether the upstream's 101 answers what was asked. */
  isFor(answer: IncomingMessage): boolean;
  /** Tells the client, with the answer's end-to-end fields. */
  open(fields: readonly string[]): void;
}

export interface TunnelRules {
  readonly opening?: TunnelOpening | undefined;
  readonly answerRules: HeaderRules;
  readonly trusted: boolean;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

/** Whether the upstream's 101 is for the protocol that was asked for. */
export const switchesAsAsked = (answer: IncomingMessage): boolean => answer.headers.upgrade?.toLowerCase() === tunnelProtocol;

/**
 * Joins two sockets after the upstream's 101, never before it: a client that sends a second request behind a refused
 * upgrade must not reach the upstream unchecked. Each direction ends by itself; an error ends both, and so does a client that is gone.
 */
export const joinTunnel = (
  answer: IncomingMessage,
  ends: TunnelEnds,
  rules: TunnelRules,
): Promise<{ bytesUp: number; bytesDown: number }> =>
  new Promise((resolve) => {
    const { client, upstream } = ends;
    const moved = { bytesUp: ends.clientHead.length, bytesDown: ends.upstreamHead.length };
    let open = 2;
    const destroy = (): void => {
      client.destroy();
      upstream.destroy();
    };
    const watchdog = new Watchdog(destroy);
    const closed = (): void => {
      open -= 1;
      if (open > 0) return;
      watchdog.stop();
      resolve(moved);
    };
    for (const socket of [client, upstream]) {
      socket.on('error', destroy);
      socket.on('close', closed);
    }
    // A stream of HTTP/2 that is reset closes without an error, and nobody reads any more what the stamp still says.
    client.once('close', () => upstream.readableEnded || endSocket(upstream));
    const count = (socket: Duplex, key: 'bytesUp' | 'bytesDown'): void => {
      socket.on('data', (chunk: Buffer) => {
        moved[key] += chunk.length;
        watchdog.touch();
      });
    };
    if (rules.opening) rules.opening.open(responseHeaders(answer.rawHeaders, rules.answerRules, rules.trusted));
    else client.write(switchingHead(answer, rules.answerRules, rules.trusted), 'latin1');
    if (ends.upstreamHead.length > 0) client.write(ends.upstreamHead);
    if (ends.clientHead.length > 0) upstream.write(ends.clientHead);
    watchdog.start(rules.idleMs);
    client.pipe(upstream);
    upstream.pipe(client);
    count(client, 'bytesUp');
    count(upstream, 'bytesDown');
  });
