import fc from 'fast-check';
import { requestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import { keptFields, rawHeadersOf } from './rebuild-head.js';
import { ScanResult } from './head-record.js';
import { scanRequestHead } from './request-head.js';
import { RequestHead } from './request-record.js';

const head = new RequestHead();
const scan = (text: string): ScanResult => {
  const bytes = Buffer.from(text, 'latin1');
  return scanRequestHead(bytes, 0, bytes.length, head);
};
const request = (...lines: string[]): string => `GET / HTTP/1.1\r\nHost: a\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`;

/** Bytes, and the status they are refused with. */
const refused: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ['length beside chunks', request('Content-Length: 5', 'Transfer-Encoding: chunked'), 400],
  ['two equal lengths', request('Content-Length: 5', 'Content-Length: 5'), 400],
  ['a list of lengths', request('Content-Length: 5, 5'), 400],
  ['a length of 2^64+1', request('Content-Length: 18446744073709551617'), 400],
  ['a signed length', request('Content-Length: +5'), 400],
  ['an empty length', request('Content-Length:'), 400],
  ['a hexadecimal length', request('Content-Length: 0x5'), 400],
  ['a coding before chunked', request('Transfer-Encoding: gzip, chunked'), 501],
  ['chunked twice', request('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 501],
  ['a coding that is not chunked', request('Transfer-Encoding: xchunked'), 501],
  ['an empty coding', request('Transfer-Encoding:'), 501],
  ['a coding in HTTP/1.0', request('Transfer-Encoding: chunked').replace('1.1', '1.0'), 400],
  ['obs-fold', request('X-A: b', ' c'), 400],
  ['obs-fold before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  ['bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 400],
  ['bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 400],
  ['bare LF at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 400],
  ['bare CR in a value', request('X-A: b\rc'), 400],
  ['NUL in a value', request('X-A: b\0c'), 400],
  ['DEL in a value', request('X-A: b\x7fc'), 400],
  ['a space before the colon', request('X-A : b'), 400],
  ['a tab before the colon', request('X-A\t: b'), 400],
  ['no colon', request('X-A'), 400],
  ['no name', request(': b'), 400],
  ['a name that is no token', request('X-[: b'), 400],
  ['a name of obs-text', request('X-\xe9: b'), 400],
  ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a space behind the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 400],
  ['no target', 'GET HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['no version', 'GET /\r\nHost: a\r\n\r\n', 400],
  ['a lower-case version', 'GET / http/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/1.2', request().replace('1.1', '1.2'), 400],
  ['HTTP/2.0', request().replace('1.1', '2.0'), 505],
  ['HTTP/0.9', request().replace('1.1', '0.9'), 505],
  ['two empty lines first', `\r\n\r\n${request()}`, 400],
  ['a bare LF first', `\n${request()}`, 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', request('host: b'), 400],
  ['absolute-form', request().replace(' / ', ' http://b/ '), 400],
  ['asterisk-form', request().replace('GET / ', 'OPTIONS * '), 400],
  ['a fragment', request().replace(' / ', ' /#x '), 400],
  ['a fragment in the query', request().replace(' / ', ' /?a#x '), 400],
  ['a backslash in the path', request().replace(' / ', ' /a\\b '), 400],
  ['0xff in the target', request().replace(' / ', ' /\xff '), 400],
  ['CONNECT', request().replace('GET / ', 'CONNECT b:443 '), 405],
  ['TRACE', request().replace('GET', 'TRACE'), 405],
  ['a head of 20 kB', request(`X-A: ${'x'.repeat(20_000)}`), 431],
  ['101 fields', request(...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)), 431],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
];

describe('what the request scanner refuses', () => {
  it.each(refused)('%s', (_, bytes, status) => {
    expect(scan(bytes)).toBe(ScanResult.Refused);
    expect(head).toMatchObject({ status, reason: expect.stringMatching(/./) });
  });

  it.each(refused)('%s, however the bytes are cut: never taken for complete on the way', (_, bytes) => {
    const all = Buffer.from(bytes, 'latin1');
    for (let to = 0; to <= all.length; to += Math.max(1, Math.floor(all.length / 2_000))) {
      expect(scanRequestHead(all.subarray(0, to), 0, to, head)).not.toBe(ScanResult.Complete);
    }
  });

  it('a head without end that is too large', () => {
    expect(scan(`GET /${'x'.repeat(17_000)}`)).toBe(ScanResult.Refused);
    expect(head.status).toBe(431);
  });
});

describe('what it takes', () => {
  it.each([
    ['an empty line first', `\r\n${request()}`],
    ['blanks around a value', request('X-A: \t b \t ')],
    ['obs-text in a value', request('X-A: caf\xe9')],
    ['an empty value', request('X-A:')],
    ['any token as method', request().replace('GET', 'REPORT')],
    ['quotes, brackets and backslash in a query', request().replace(' / ', ' /a?q=[1]\\`"{} ')],
    ['100 fields', request(...Array.from({ length: 99 }, (_, i) => `X-${i}: 1`))],
  ])('%s, complete at its last byte and not before', (_, bytes) => {
    const all = Buffer.from(bytes, 'latin1');
    for (let to = 0; to < all.length; to += 1) expect(scanRequestHead(all, 0, to, head)).toBe(ScanResult.Incomplete);
    expect(scanRequestHead(all, 0, all.length, head)).toBe(ScanResult.Complete);
    expect(head.end).toBe(all.length);
  });

  it('stops at the end of the head, whatever stands behind it', () => {
    expect(scan(`${request()}GET /\0`)).toBe(ScanResult.Complete);
    expect(head.end).toBe(request().length);
  });

  it.each([
    ['Content-Length: 0', { contentLength: 0, chunked: false, cutCount: 0 }],
    ['content-length: 42 ', { contentLength: 42, cutCount: 0 }],
    ['Content-Length: 007', { contentLength: 7, cutCount: 1, lengthWasCut: true }],
    ['Transfer-Encoding: CHUNKED', { contentLength: -1, chunked: true, cutCount: 1 }],
    ['Connection: Close', { close: true, oddConnection: false, cutCount: 1 }],
    ['Connection: keep-alive', { close: false, oddConnection: false, cutCount: 1 }],
    ['Connection: keep-alive, x-lapidary-epoch', { oddConnection: true }],
    ['Upgrade: websocket', { unusual: true }],
    ['Expect: 100-continue', { unusual: true }],
    ['X-Tenant: acme', { hasTenantHeader: true, cutCount: 0 }],
  ])('%s is understood', (line, found) => {
    expect(scan(request(line))).toBe(ScanResult.Complete);
    expect(head).toMatchObject(found);
  });
});

describe('what passes on', () => {
  it('end-to-end fields as they came; none that is ours to say, in any spelling (I4), and none for one hop', () => {
    const lines = [
      'Accept: a',
      'X-Lapidary-Epoch: 9',
      'x_lapidary_tenant: b',
      'X_Forwarded_For: 1',
      'x-forwarded-anything: 1',
      'Forwarded: for=1',
      'X-Real-IP: 1',
      'Connection: close',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: x',
      'TE: trailers',
      'Trailer: x',
      'HTTP2-Settings: x',
      'Content_Length: 7',
      'Transfer_Encoding: chunked',
      'x_request_id: 12345678',
      'Cookie: a=b',
      'X_Other: stays',
    ];
    const bytes = Buffer.from(request(...lines), 'latin1');
    expect(scanRequestHead(bytes, 0, bytes.length, head)).toBe(ScanResult.Complete);
    expect(keptFields(bytes, head)).toBe('Host: a\r\nAccept: a\r\nCookie: a=b\r\nX_Other: stays\r\n');
    expect(rawHeadersOf(bytes, head).slice(0, 4)).toEqual(['Host', 'a', 'Accept', 'a']);
    expect(head).toMatchObject({ contentLength: -1, chunked: false, requestIdStart: -1 });
  });
});

describe('the two checks of requests', () => {
  const line = fc.record({
    method: fc.constantFrom('GET', 'POST', 'TRACE', 'CONNECT', 'PATCH'),
    url: fc.oneof(
      fc.constantFrom('/', '/a?b=c', '*', 'http://b/', '/#f', '/a\\b', '/?\\', 'x'),
      fc.string({ minLength: 1, maxLength: 6 }).map((s) => `/${s.replace(/[^!-~]/g, '')}`),
    ),
    httpVersion: fc.constantFrom('1.1', '1.0', '2.0', '0.9'),
    fields: fc.array(
      fc.tuple(
        fc.constantFrom('Host', 'host', 'Content-Length', 'Transfer-Encoding', 'X-A', 'content_length'),
        fc.constantFrom('a', '5', '05', '', '5, 5', '-1', 'chunked', 'Chunked', 'gzip, chunked', '9999999999999999'),
      ),
      { maxLength: 5 },
    ),
  });

  it('agree on every message whose syntax is right: same status, same reason', () => {
    fc.assert(
      fc.property(line, ({ method, url, httpVersion, fields }) => {
        const expected = requestProblem({ method, url, httpVersion, rawHeaders: fields.flat() });
        const result = scan(`${method} ${url} HTTP/${httpVersion}\r\n${fields.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
        const found = result === ScanResult.Complete ? null : { status: head.status, reason: head.reason };
        expect(found).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});
