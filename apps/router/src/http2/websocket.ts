import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { headerValues } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import type { TunnelOpening } from '@lapidary/stamp-sdk/forward/upgrade';
import type { RequestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import { firstValues, http1Headers, http2Fields, pseudoProblem } from './dress-request.js';

/** Why a CONNECT gets no tunnel; null: it is an extended one (RFC 8441) that asks for a WebSocket. */
export const connectProblem = (rawHeaders: readonly string[]): RequestProblem | null => {
  const protocol = headerValues(rawHeaders, ':protocol')[0]?.toLowerCase();
  if (protocol === undefined) return { status: 405, reason: 'CONNECT is not served here' };
  const problem = pseudoProblem(rawHeaders);
  if (problem !== null || protocol === 'websocket') return problem;
  // RFC 8441 §4
  return { status: 501, reason: 'of extended CONNECT only "websocket" is served' };
};

/** RFC 6455 §1.3 */
const acceptOf = (key: string): string => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** Belong to the handshake of HTTP/1.1, which is ours with the stamp (RFC 8441 §5.1). */
const ofHandshake: ReadonlySet<string> = new Set(['sec-websocket-key', 'sec-websocket-accept']);

const without = (fields: readonly string[]): string[] => {
  const kept: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) if (!ofHandshake.has(fields[i]!.toLowerCase())) kept.push(fields[i]!, fields[i + 1]!);
  return kept;
};

/**
 * A WebSocket that is asked for over HTTP/2, as the general path knows it: a GET that asks for an upgrade. The stream takes the socket's place;
 * the request itself has no body, so that whatever comes on the stream is the tunnel's. The key is ours, and so is the look at its answer.
 */
export const websocketOf = (
  request: Http2ServerRequest,
  stream: ServerHttp2Stream,
  letBodiesCome: () => void,
): { readonly request: IncomingMessage; readonly opening: TunnelOpening } => {
  const key = randomBytes(16).toString('base64');
  const own = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key];
  const fields = [...without(http1Headers(request.rawHeaders, false)), ...own];
  const { remoteAddress, remotePort, localPort } = request.socket;
  const dressed = Object.assign(new Readable({ read: () => undefined }), {
    method: 'GET',
    url: headerValues(request.rawHeaders, ':path')[0] ?? '/',
    httpVersion: '1.1',
    rawHeaders: fields,
    headers: firstValues(fields),
    socket: { remoteAddress, remotePort, localPort, encrypted: true },
    complete: true,
    letBodiesCome,
  });
  dressed.push(null);
  return {
    request: dressed as unknown as IncomingMessage,
    opening: {
      isFor: (answer) => answer.headers['sec-websocket-accept'] === acceptOf(key),
      open: (answered) => {
        if (!stream.destroyed && !stream.closed) stream.respond({ ':status': 200, ...http2Fields(without(answered)) });
      },
    },
  };
};
