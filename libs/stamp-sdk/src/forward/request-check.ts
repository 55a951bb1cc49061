import type { IncomingMessage } from 'node:http';
import { headerValues, type RawHeaders } from './hop-by-hop.js';

export interface RequestLine {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: RawHeaders;
}

export interface RequestProblem {
  readonly status: 400 | 405 | 417 | 431 | 501 | 505;
  readonly reason: string;
}

/** Browsers send about 20; a hundred leaves room for cookies and tracing, and bounds the work per request. */
export const headerCountMax = 100;
/** At a stamp's door: as many as a client may send, and what a router says beside them. */
export const headerCountAtStampMax = headerCountMax + 16;
/** Bytes of a head, likewise: 16 KiB of a client, and what a router says, a host name and a request id of full length among it. */
export const headBytesAtStampMax = 24 * 1024;

const problem = (status: RequestProblem['status'], reason: string): RequestProblem => ({ status, reason });

/**
 * Printable ASCII without "#" (a fragment is never sent), and in the path without "\", which some servers take for "/".
 * Browsers send "\" and "`" unescaped in queries only.
 */
const originForm = /^\/[!"$-;=@-[\]^_a-z{|}~]*(?:\?[!"$-;=?-~]*)?$/;

const targetProblem = ({ url }: RequestLine): RequestProblem | null =>
  originForm.test(url)
    ? null
    : problem(400, 'the request target must be a path; absolute-form, fragments and control characters are refused');

const hostProblem = ({ rawHeaders, httpVersion }: RequestLine): RequestProblem | null => {
  const hosts = headerValues(rawHeaders, 'host');
  if (hosts.length > 1) return problem(400, 'more than one Host header');
  return hosts.length === 0 && httpVersion === '1.1' ? problem(400, 'no Host header') : null;
};

/** RFC 9110 §10.1.1: the only expectation there is. Node takes any value that has it as a word for it. */
const expectProblem = ({ rawHeaders }: RequestLine): RequestProblem | null =>
  headerValues(rawHeaders, 'expect').every((value) => value.toLowerCase() === '100-continue')
    ? null
    : problem(417, 'only "100-continue" can be expected');

/** Whether the client waits for "100 Continue". What HTTP/1.0 says of it is to be ignored: it knows no interim answers. */
export const awaitsContinue = ({ headers, httpVersion }: Pick<IncomingMessage, 'headers' | 'httpVersion'>): boolean =>
  headers.expect !== undefined && httpVersion !== '1.0';

/** RFC 9112 §6.1: only "chunked" once, only in HTTP/1.1, never beside Content-Length. */
const framingProblem = ({ rawHeaders, httpVersion }: RequestLine): RequestProblem | null => {
  const encodings = headerValues(rawHeaders, 'transfer-encoding');
  const lengths = headerValues(rawHeaders, 'content-length');
  if (lengths.length > 1) return problem(400, 'more than one Content-Length header');
  if (lengths.length === 1 && !/^\d{1,15}$/.test(lengths[0]!)) return problem(400, 'Content-Length is not a plain number');
  if (encodings.length === 0) return null;
  if (httpVersion === '1.0') return problem(400, 'Transfer-Encoding in HTTP/1.0');
  if (lengths.length > 0) return problem(400, 'Transfer-Encoding and Content-Length together');
  return encodings.length === 1 && encodings[0]!.toLowerCase() === 'chunked'
    ? null
    : problem(501, 'only the transfer coding "chunked" is supported');
};

/**
 * Refuses every message that two servers could read differently, on top of what Node's strict parser refuses
 * ("never send incorrect requests to upstream, ever"). null: safe to forward.
 */
export const requestProblem = (line: RequestLine, fieldsMax = headerCountMax): RequestProblem | null => {
  if (line.httpVersion !== '1.1' && line.httpVersion !== '1.0') return problem(505, 'only HTTP/1.0 and HTTP/1.1 are spoken here');
  if (line.method === 'CONNECT' || line.method === 'TRACE') return problem(405, `${line.method} is not allowed`);
  if (line.rawHeaders.length / 2 > fieldsMax) return problem(431, `more than ${fieldsMax} headers`);
  return targetProblem(line) ?? hostProblem(line) ?? framingProblem(line) ?? expectProblem(line);
};

export type BodyFraming = { readonly kind: 'none' } | { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' };

/** How the body of a checked request is framed; neither header means no body (RFC 9112 §6.3). */
export const bodyFraming = (rawHeaders: RawHeaders): BodyFraming => {
  if (headerValues(rawHeaders, 'transfer-encoding').length > 0) return { kind: 'chunked' };
  const [length] = headerValues(rawHeaders, 'content-length');
  return length === undefined || Number(length) === 0 ? { kind: 'none' } : { kind: 'length', bytes: Number(length) };
};
