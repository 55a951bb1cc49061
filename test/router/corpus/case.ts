/** A message as a stamp must get it: without what the router itself says. */
export interface Forwarded {
  readonly line: string;
  /** "Name: value", in order, as the client wrote the name; without framing, connection and the router's own headers. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Of a body that is not empty; an empty one may also have no length at all. */
  readonly framing: 'none' | 'length' | 'chunked';
}

export type Connection = 'kept' | 'closed' | 'poisoned' | 'half-closed';

export type Expected =
  /** Answered with one of these statuses and closed; not one byte of it, nor of what stands behind it, reaches a stamp. */
  | { readonly kind: 'refused'; readonly statuses: readonly number[] }
  /** The body goes wrong after the head was good: a stamp may have seen the beginning, never an end; the connection closes. */
  | { readonly kind: 'cut'; readonly statuses: readonly number[] }
  /** The router's own answer; nothing reaches a stamp. */
  | { readonly kind: 'answered'; readonly statuses: readonly number[]; readonly connection: 'kept' | 'closed' }
  /**
   * Each message reaches a stamp as told and its answer comes back. Then the connection is of further use ("kept"), is closed and
   * what stands behind is dropped ("closed"), or what stands behind is no message and is refused ("poisoned"). "half-closed": the client ends
   * its side behind them, and ours ends behind the last answer.
   */
  | { readonly kind: 'forwarded'; readonly messages: readonly Forwarded[]; readonly connection: Connection }
  /** More has to come before anything can be done; the client says that it won't. No stamp sees a whole message. */
  | { readonly kind: 'unfinished' };

export interface RequestCase {
  readonly id: string;
  /** Where the difference to other proxies is explained: docs/reference/http-conformance.md has a text for each. */
  readonly group: string;
  /** Section of the RFC, or the advisory. */
  readonly source: string;
  readonly bytes: string;
  readonly expected: Expected;
  /** Where the general path, which reads by Node's parser, safely does something else; it writes every message anew. */
  readonly general?: Expected;
  /** Where the stamp's own front door, behind a link, says it in the router's stead. */
  readonly links?: Expected;
}

export type Row = readonly [id: string, source: string, bytes: string, expected: Expected, general?: Expected, links?: Expected];

export const group = (name: string, rows: readonly Row[]): RequestCase[] =>
  rows.map(([id, source, bytes, expected, general, links]) => ({ id, group: name, source, bytes, expected, general, links }));

/** The tenant that every world under test has; its host is the only one that is known. */
export const host = 'acme.lapidary.localhost';
const hostLine = `Host: ${host}`;

export const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  `${[line, hostLine, ...headers].join('\r\n')}\r\n\r\n${body}`;
export const get = (path = '/', headers: readonly string[] = []): string => request(`GET ${path} HTTP/1.1`, headers);
export const post = (headers: readonly string[], body = '', path = '/'): string => request(`POST ${path} HTTP/1.1`, headers, body);
export const chunked = (body: string, headers: readonly string[] = [], path = '/'): string =>
  post(['Transfer-Encoding: chunked', ...headers], body, path);

export const message = (over: Partial<Forwarded> = {}): Forwarded => ({
  line: 'GET / HTTP/1.1',
  headers: [hostLine],
  body: '',
  framing: 'none',
  ...over,
});
/** A request without body, its headers behind Host. */
export const plain = (line = 'GET / HTTP/1.1', headers: readonly string[] = []): Forwarded =>
  message({ line, headers: [hostLine, ...headers] });
export const withBody = (
  framing: 'length' | 'chunked',
  body: string,
  headers: readonly string[] = [],
  line = 'POST / HTTP/1.1',
): Forwarded => message({ line, headers: [hostLine, ...headers], body, framing: body === '' && framing === 'length' ? 'none' : framing });

export const refused = (...statuses: readonly number[]): Expected => ({ kind: 'refused', statuses });
export const cut = (...statuses: readonly number[]): Expected => ({ kind: 'cut', statuses });
export const answered = (status: number, connection: 'kept' | 'closed' = 'kept'): Expected => ({
  kind: 'answered',
  statuses: [status],
  connection,
});
export const kept = (...messages: readonly Forwarded[]): Expected => ({ kind: 'forwarded', messages, connection: 'kept' });
export const closed = (...messages: readonly Forwarded[]): Expected => ({ kind: 'forwarded', messages, connection: 'closed' });
export const poisoned = (...messages: readonly Forwarded[]): Expected => ({ kind: 'forwarded', messages, connection: 'poisoned' });
export const halfClosed = (...messages: readonly Forwarded[]): Expected => ({ kind: 'forwarded', messages, connection: 'half-closed' });
export const unfinished: Expected = { kind: 'unfinished' };
