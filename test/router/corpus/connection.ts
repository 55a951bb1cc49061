import {
  chunked,
  closed,
  get,
  group,
  halfClosed,
  host,
  kept,
  message,
  plain,
  post,
  refused,
  request,
  unfinished,
  withBody,
  type Forwarded,
  type Row,
} from './case.ts';

const strips = (id: string, source: string, ...lines: readonly string[]): Row => [id, source, get('/', lines), kept(plain())];

/** RFC 9110 §7.6.1: what is meant for one connection ends here, and Connection can't take away what is ours to say. */
export const hopByHopCases = group('hop by hop', [
  strips('keep-alive', 'RFC 9110 §7.6.1', 'Connection: keep-alive', 'Keep-Alive: timeout=5'),
  strips('named-header', 'RFC 9110 §7.6.1', 'Connection: X-A', 'X-A: b'),
  strips('named-twice', 'RFC 9110 §7.6.1', 'Connection: X-A', 'Connection: X-B', 'X-A: b', 'X-B: c'),
  strips('named-in-a-list', 'RFC 9110 §7.6.1', 'Connection: keep-alive, x-a ,\tx-b', 'X-A: b', 'X-B: c'),
  strips('named-but-absent', 'RFC 9110 §7.6.1', 'Connection: X-A'),
  strips('proxy-connection', 'RFC 9110 §7.6.1', 'Proxy-Connection: keep-alive'),
  strips('te', 'RFC 9110 §10.1.4', 'TE: trailers'),
  strips('trailer', 'RFC 9110 §6.6.2', 'Trailer: X-A'),
  strips('upgrade-alone', 'RFC 9110 §7.8', 'Upgrade: websocket'),
  strips('proxy-authorization', 'RFC 9110 §11.7.2', 'Proxy-Authorization: Basic eA=='),
  strips('http2-settings', 'RFC 7540 §3.2.1', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
  strips('tenant', 'I4', 'X-Lapidary-Tenant: beta'),
  strips('epoch', 'I4', 'X-Lapidary-Epoch: 99'),
  strips('tenant-other-case', 'I4', 'x-LAPIDARY-tenant: beta'),
  strips('tenant-underscores', 'I4, CGI naming', 'X_Lapidary_Tenant: beta'),
  strips('epoch-mixed', 'I4, CGI naming', 'X-Lapidary_Epoch: 99'),
  strips('unknown-internal', 'I4', 'X-Lapidary-Anything: 1'),
  strips('tenant-named', 'I4', 'Connection: x-lapidary-tenant, x-lapidary-epoch'),
  strips('tenant-named-and-sent', 'I4', 'X-Lapidary-Tenant: beta', 'Connection: x-lapidary-tenant'),
  strips('underscored-named', 'I4', 'Connection: x_lapidary_epoch', 'X_Lapidary_Epoch: 99'),
  strips('forwarded', 'RFC 7239 §4', 'Forwarded: for=6.6.6.6'),
  strips('x-forwarded-for', 'own rule', 'X-Forwarded-For: 6.6.6.6'),
  strips('x-forwarded-underscore', 'own rule', 'X_Forwarded_For: 6.6.6.6'),
  strips('x-forwarded-anything', 'own rule', 'X-Forwarded-Client-Cert: x'),
  strips('x-real-ip', 'own rule', 'X-Real-IP: 6.6.6.6'),
  ['names-like-host', 'own rule', get('/', ['ho_st: x', 'HOST_: y']), kept(plain('GET / HTTP/1.1', ['ho_st: x', 'HOST_: y']))],
  ['host-named', 'RFC 9110 §7.6.1', get('/', ['Connection: host']), kept(plain())],
  [
    'content-type-named',
    'own rule',
    post(['Connection: content-type', 'Content-Type: a/b', 'Content-Length: 5'], 'hello'),
    kept(withBody('length', 'hello', ['Content-Type: a/b'])),
  ],
  ['empty-connection', 'RFC 9110 §7.6.1', get('/', ['Connection:']), kept(plain())],
  ['close', 'RFC 9112 §9.6', get('/', ['Connection: close']), closed(plain())],
  ['close-in-a-list', 'RFC 9112 §9.6', get('/', ['Connection: x-a, Close', 'X-A: b']), closed(plain())],
  ['close-second-line', 'RFC 9112 §9.6', get('/', ['Connection: x-a', 'Connection: close']), closed(plain())],
  ['close-with-body', 'RFC 9112 §9.6', post(['Connection: close', 'Content-Length: 5'], 'hello'), closed(withBody('length', 'hello'))],
  ['close-and-chunks', 'RFC 9112 §9.6', chunked('5\r\nhello\r\n0\r\n\r\n', ['Connection: close']), closed(withBody('chunked', 'hello'))],
]);

const on10 = (line = 'GET / HTTP/1.1', headers: readonly string[] = []): Forwarded => plain(line, headers);

/** RFC 9112 §9.3, Appendix C.2: HTTP/1.0 is served, its connection ends; what it can't say is refused. */
export const http10Cases = group('HTTP/1.0', [
  ['plain', 'RFC 9112 §9.3', request('GET / HTTP/1.0'), closed(on10())],
  ['with-body', 'RFC 9112 §9.3', request('POST / HTTP/1.0', ['Content-Length: 5'], 'hello'), closed(withBody('length', 'hello'))],
  [
    'expect-continue',
    'RFC 9110 §10.1.1',
    request('POST / HTTP/1.0', ['Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    closed(withBody('length', 'hello')),
  ],
  ['two-hosts', 'RFC 9112 §3.2', request('GET / HTTP/1.0', ['Host: beta.lapidary.localhost']), refused(400)],
  ['absolute-form', 'RFC 9112 §3.2.2', request('GET http://evil.example/ HTTP/1.0'), refused(400)],
]);

/**
 * RFC 9110 §7.8: a tunnel only to "websocket", and only after the stamp's 101. The stamp of this corpus refuses every
 * upgrade. A connection that asked for one and did not get it ends: which of its further bytes were meant for what is not clear.
 */
export const upgradeCases = group('upgrade', [
  [
    'websocket-refused',
    'RFC 9110 §7.8',
    get('/', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: x']),
    closed(plain('GET / HTTP/1.1', ['Sec-WebSocket-Key: x'])),
  ],
  [
    'h2c',
    'h2c smuggling, RFC 9113 §3.1',
    get('/', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__']),
    closed(plain()),
  ],
  ['h2c-without-settings', 'h2c smuggling', get('/', ['Upgrade: h2c', 'Connection: Upgrade']), closed(plain())],
  ['list', 'RFC 9110 §7.8', get('/', ['Upgrade: websocket, h2c', 'Connection: Upgrade']), closed(plain())],
  ['two-lines', 'RFC 9110 §7.8', get('/', ['Upgrade: websocket', 'Upgrade: h2c', 'Connection: Upgrade']), closed(plain())],
  ['not-in-connection', 'RFC 9110 §7.8', get('/', ['Upgrade: websocket']), kept(plain())],
  [
    'with-body',
    'own rule',
    post(['Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 5'], 'hello'),
    closed(withBody('length', 'hello')),
  ],
  [
    'get-with-body',
    'own rule',
    request('GET / HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 5'], 'hello'),
    closed(withBody('length', 'hello', [], 'GET / HTTP/1.1')),
  ],
  ['post', 'RFC 6455 §4.1', post(['Upgrade: websocket', 'Connection: Upgrade']), closed(withBody('length', ''))],
  ['http-1.0', 'RFC 9110 §7.8', request('GET / HTTP/1.0', ['Upgrade: websocket', 'Connection: Upgrade']), closed(plain())],
  ['tls', 'RFC 2817', request('OPTIONS / HTTP/1.1', ['Upgrade: TLS/1.0', 'Connection: Upgrade']), closed(plain('OPTIONS / HTTP/1.1'))],
]);

const at = (path: string): Forwarded => plain(`GET ${path} HTTP/1.1`);

/** RFC 9112 §9.3.2: several requests on one connection, each looked at for itself, answered in order. */
export const pipeliningCases = group('pipelining', [
  ['two', 'RFC 9112 §9.3.2', get('/1') + get('/2'), kept(at('/1'), at('/2'))],
  ['five', 'RFC 9112 §9.3.2', [1, 2, 3, 4, 5].map((i) => get(`/${i}`)).join(''), kept(...[1, 2, 3, 4, 5].map((i) => at(`/${i}`)))],
  [
    'behind-a-body',
    'RFC 9112 §9.3.2',
    post(['Content-Length: 5'], 'hello', '/1') + get('/2'),
    kept(withBody('length', 'hello', [], 'POST /1 HTTP/1.1'), at('/2')),
  ],
  [
    'behind-chunks',
    'RFC 9112 §9.3.2',
    chunked('5\r\nhello\r\n0\r\n\r\n', [], '/1') + get('/2'),
    kept(withBody('chunked', 'hello', [], 'POST /1 HTTP/1.1'), at('/2')),
  ],
  [
    'behind-trailers',
    'RFC 9112 §7.1.2',
    chunked('5\r\nhello\r\n0\r\nX-A: b\r\n\r\n', [], '/1') + get('/2'),
    kept(withBody('chunked', 'hello', [], 'POST /1 HTTP/1.1'), at('/2')),
  ],
  ['empty-line-between', 'RFC 9112 §2.2', `${get('/1')}\r\n${get('/2')}`, kept(at('/1'), at('/2'))],
  [
    'head-between',
    'RFC 9110 §9.3.2',
    get('/1') + request('HEAD /2 HTTP/1.1') + get('/3'),
    kept(at('/1'), plain('HEAD /2 HTTP/1.1'), at('/3')),
  ],
  ['internal-header-in-the-second', 'I4', get('/1') + get('/2', ['X-Lapidary-Tenant: beta']), kept(at('/1'), at('/2'))],
  ['close-in-the-first', 'RFC 9112 §9.6', get('/1', ['Connection: close']) + get('/smuggled'), closed(at('/1'))],
  [
    'get-with-body-hides-one',
    'RFC 9112 §6.3',
    request('GET /1 HTTP/1.1', ['Content-Length: 5'], 'hello') + get('/2'),
    kept(withBody('length', 'hello', [], 'GET /1 HTTP/1.1'), at('/2')),
  ],
  [
    'behind-a-refused-upgrade',
    'CVE-2026-2833',
    get('/1', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: x']) + get('/smuggled'),
    closed(plain('GET /1 HTTP/1.1', ['Sec-WebSocket-Key: x'])),
  ],
  ['behind-h2c', 'h2c smuggling', get('/1', ['Upgrade: h2c', 'Connection: Upgrade']) + get('/smuggled'), closed(at('/1'))],
]);

const ofFive = (line: string): Forwarded => withBody('length', 'hello', [], line);

/** RFC 9112 §9.6: a client may end its side behind its last request, and still be answered. */
export const halfClosedCases = group('half-closed', [
  ['get', 'RFC 9112 §9.6', get(), halfClosed(plain())],
  ['post', 'RFC 9112 §9.6', post(['Content-Length: 5'], 'hello'), halfClosed(ofFive('POST / HTTP/1.1'))],
  ['chunks', 'RFC 9112 §9.6', chunked('5\r\nhello\r\n0\r\n\r\n'), halfClosed(withBody('chunked', 'hello'))],
  ['http-1.0', 'RFC 9112 §9.3, §9.6', request('GET / HTTP/1.0'), halfClosed(on10())],
  [
    'http-1.0-with-body',
    'RFC 9112 §9.3, §9.6',
    request('POST / HTTP/1.0', ['Content-Length: 5'], 'hello'),
    halfClosed(ofFive('POST / HTTP/1.1')),
  ],
  ['odd-connection', 'RFC 9112 §9.6', get('/', ['Connection: keep-alive, x']), halfClosed(plain())],
  ['close', 'RFC 9112 §9.6', get('/', ['Connection: close']), halfClosed(plain())],
  ['expect', 'RFC 9112 §9.6', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'), halfClosed(ofFive('POST / HTTP/1.1'))],
  [
    'upgrade-refused',
    'RFC 9112 §9.6',
    get('/', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: x']),
    halfClosed(plain('GET / HTTP/1.1', ['Sec-WebSocket-Key: x'])),
  ],
  [
    'pipelined',
    'RFC 9112 §9.3.2, §9.6',
    get('/1', ['Connection: keep-alive, x']) + post(['Content-Length: 5'], 'hello', '/2') + get('/3'),
    halfClosed(at('/1'), ofFive('POST /2 HTTP/1.1'), at('/3')),
  ],
  ['in-a-body', 'RFC 9112 §8', post(['Content-Length: 6'], 'hello'), unfinished],
]);

const expecting = (headers: readonly string[], body: string): string => post(['Expect: 100-continue', ...headers], body);

/** RFC 9110 §10.1.1: Expect ends here; the router itself says "100 Continue" once there is somebody to take the body. */
export const expectCases = group('expect', [
  ['continue', 'RFC 9110 §10.1.1', expecting(['Content-Length: 5'], 'hello'), kept(withBody('length', 'hello'))],
  [
    'continue-chunked',
    'RFC 9110 §10.1.1',
    expecting(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    kept(withBody('chunked', 'hello')),
  ],
  ['upper-case', 'RFC 9110 §10.1.1', post(['Expect: 100-CONTINUE', 'Content-Length: 5'], 'hello'), kept(withBody('length', 'hello'))],
  ['unknown', 'RFC 9110 §10.1.1', post(['Expect: coffee', 'Content-Length: 5'], 'hello'), refused(417)],
  ['two-values', 'RFC 9110 §10.1.1', post(['Expect: 100-continue, coffee', 'Content-Length: 5'], 'hello'), refused(417)],
  ['without-body', 'RFC 9110 §10.1.1', get('/', ['Expect: 100-continue']), kept(plain())],
]);

/** What the request says in itself decides; nothing else is taken for the tenant. */
export const routingCases = group('routing', [
  [
    'path-prefix',
    'own rule',
    `GET /t/acme/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    kept(message({ line: 'GET /orders HTTP/1.1', headers: ['Host: 127.0.0.1'] })),
  ],
  ['path-prefix-alone', 'own rule', `GET /t/acme HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, kept(message({ headers: ['Host: 127.0.0.1'] }))],
  [
    'path-prefix-query',
    'own rule',
    `GET /t/acme?a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    kept(message({ line: 'GET /?a HTTP/1.1', headers: ['Host: 127.0.0.1'] })),
  ],
  ['path-prefix-of-a-tenants-host', 'own rule', get('/t/beta/x'), kept(plain('GET /t/beta/x HTTP/1.1'))],
  [
    'header',
    'own rule',
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tenant: acme\r\n\r\n`,
    kept(message({ headers: ['Host: 127.0.0.1', 'X-Tenant: acme'] })),
  ],
  ['host-other-case', 'RFC 9110 §4.2.3', `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`, kept(message({ headers: [`host: ${host}`] }))],
]);
