import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValues } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import type { RequestProblem } from '@lapidary/stamp-sdk/forward/request-check';

/** RFC 9113 §8.2.2: these have no meaning in HTTP/2, and a message with one of them is malformed. */
const connectionSpecific: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Why a request over HTTP/2 can't be told as one over HTTP/1.1, beyond what nghttp2 refuses itself; null: it can. */
export const pseudoProblem = (rawHeaders: readonly string[]): RequestProblem | null => {
  const reason = pseudoReason(rawHeaders);
  return reason === null ? null : { status: 400, reason };
};

const pseudoReason = (rawHeaders: readonly string[]): string | null => {
  const authorities = headerValues(rawHeaders, ':authority');
  const hosts = headerValues(rawHeaders, 'host');
  if (authorities.length + hosts.length === 0) return 'neither :authority nor Host';
  if (hosts.length > 1) return 'more than one Host';
  // RFC 9113 §8.3.1: which of the two a server believes must not be left to it.
  if (authorities.length === 1 && hosts.length === 1 && authorities[0]!.toLowerCase() !== hosts[0]!.toLowerCase())
    return ':authority and Host differ';
  const [scheme] = headerValues(rawHeaders, ':scheme');
  return scheme === 'https' || scheme === undefined ? null : 'the scheme is not https';
};

/** The fields as HTTP/1.1 has them: Host first, cookies in one line (RFC 9113 §8.2.3), and a framing where there is a body. */
export const http1Headers = (rawHeaders: readonly string[], hasBody: boolean): string[] => {
  const host = headerValues(rawHeaders, ':authority')[0] ?? headerValues(rawHeaders, 'host')[0] ?? '';
  const fields = ['Host', host];
  const cookies: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.startsWith(':') || name === 'host') continue;
    if (name === 'cookie') cookies.push(rawHeaders[i + 1]!);
    else fields.push(name, rawHeaders[i + 1]!);
  }
  if (cookies.length > 0) fields.push('cookie', cookies.join('; '));
  if (hasBody && headerValues(rawHeaders, 'content-length').length === 0) fields.push('transfer-encoding', 'chunked');
  return fields;
};

/** First values, as `IncomingMessage.headers` is read by us: by name, for what comes once. */
export const firstValues = (fields: readonly string[]): Record<string, string> => {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let i = 0; i + 1 < fields.length; i += 2) values[fields[i]!.toLowerCase()] ??= fields[i + 1]!;
  return values;
};

const define = (target: object, properties: Record<string, unknown>): void => {
  for (const [name, value] of Object.entries(properties)) {
    const descriptor =
      typeof value === 'object' && value !== null && 'get' in value ? (value as PropertyDescriptor) : { value, writable: true };
    Object.defineProperty(target, name, { configurable: true, ...descriptor });
  }
};

/**
 * Makes a request over HTTP/2 look as one over HTTP/1.1 to the general path, which then is the only one that decides and forwards. `letBodiesCome`:
 * called when it is known that this request may be read here.
 */
export const dressRequest = (request: Http2ServerRequest, letBodiesCome: () => void): IncomingMessage => {
  const { stream, rawHeaders } = request;
  const { remoteAddress, remotePort, localPort } = request.socket;
  const fields = http1Headers(rawHeaders, !stream.endAfterHeaders);
  // A body that was reset before its end has no end: it must never be taken for a whole one.
  const push = request.push.bind(request);
  define(request, {
    rawHeaders: fields,
    headers: firstValues(fields),
    httpVersion: '1.1',
    // One for each request: what is said of a connection (as that nothing more is taken from it) must not be said of all its streams.
    socket: { remoteAddress, remotePort, localPort, encrypted: true },
    // Nobody wants the rest: the stream must not stay for it. What has been answered stays whole (RFC 9113 §8.1).
    destroy: () => endStream(stream, constants.NGHTTP2_NO_ERROR),
    letBodiesCome,
    // I3: nobody reads, so that the client may send no more than the stream's window; with its answer the stream ends. The connection's others are none of its business.
    leaveUnread: () => void stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR)),
    push: (chunk: unknown, encoding?: BufferEncoding) => (chunk === null && endsShort(stream) ? false : push(chunk, encoding)),
  });
  request.on('error', () => undefined);
  return request as unknown as IncomingMessage;
};

/** Streams that are ended from here, whatever their clients do. */
const ended = new WeakSet<ServerHttp2Stream>();
export const wasEnded = (stream: ServerHttp2Stream): boolean => ended.has(stream);

/** One that both ends are done with is there until somebody has read what it brought; where nobody will, it is over. */
export const endStream = (stream: ServerHttp2Stream, code: number): void => {
  ended.add(stream);
  if (stream.closed) stream.destroy();
  else stream.close(code);
};

const endsShort = (stream: ServerHttp2Stream): boolean =>
  stream.aborted || (stream.rstCode !== constants.NGHTTP2_NO_ERROR && stream.closed);

type HeaderValue = string | string[];

/** The only field that lines of can't be joined (RFC 9110 §5.3). node:http2 throws for others that it wants once and finds twice. */
const keptApart = 'set-cookie';

export const http2Fields = (fields: readonly string[] | Readonly<Record<string, string>>): Record<string, HeaderValue> => {
  const pairs = Array.isArray(fields) ? (fields as readonly string[]) : Object.entries(fields).flat();
  const headers: Record<string, HeaderValue> = Object.create(null) as Record<string, HeaderValue>;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = pairs[i]!.toLowerCase();
    if (connectionSpecific.has(name)) continue;
    const known = headers[name];
    const value = pairs[i + 1]!;
    if (known === undefined) headers[name] = value;
    else headers[name] = name === keptApart ? [known, value].flat() : `${known as string}, ${value}`;
  }
  return headers;
};

/** Streams that were reset since their stamps broke their answers off: no client's doing. */
const cut = new WeakSet<ServerHttp2Stream>();
export const wasCut = (stream: ServerHttp2Stream): boolean => cut.has(stream);

/** The same for the answer: what the general path calls on a response, with HTTP/2's meaning. */
export const dressResponse = (response: Http2ServerResponse): ServerResponse => {
  const { stream } = response;
  const writeHead = response.writeHead.bind(response);
  const emit = response.emit.bind(response) as (event: string, ...values: unknown[]) => boolean;
  let isFinished = false;
  stream.once('finish', () => response.emit('finish'));
  define(response, {
    writeHead: (status: number, fields: readonly string[] | Record<string, string>) => {
      // A head that was refused leaves its fields behind, and the problem that is told in its stead would be refused for them.
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      return writeHead(status, http2Fields(fields) as Record<string, string>);
    },
    // A cut answer must not look whole: its stream is reset, and the others on the connection go on.
    destroy: () => {
      if (stream.destroyed) return;
      cut.add(stream);
      endStream(stream, constants.NGHTTP2_INTERNAL_ERROR);
    },
    // node:http2 says so when the stream is closed, be it by a reset; we are done when all is written, though the client still sends: else nobody would read that.
    emit: (event: string, ...values: unknown[]) => {
      if (event !== 'finish') return emit(event, ...values);
      if (isFinished || !stream.writableFinished || stream.aborted) return false;
      isFinished = true;
      return emit('finish');
    },
    writeInterim: (status: number, fields: readonly string[]) => {
      if (!stream.closed && !stream.destroyed && !stream.headersSent)
        stream.additionalHeaders({ ':status': status, ...http2Fields(fields) });
    },
    destroyed: { get: () => stream.destroyed || stream.closed },
    writableNeedDrain: { get: () => stream.writableNeedDrain },
  });
  return response as unknown as ServerResponse;
};
