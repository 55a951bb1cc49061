import {
  again,
  answerGroup,
  bad,
  cutAnswer,
  dropped,
  hello,
  ok,
  type AnswerCase,
  type AnswerRow,
  type ExpectedAnswer,
} from './answer-case.ts';

const whole = again({ body: 'hello' });
const badly = (id: string, source: string, bytes: string): AnswerRow => [id, source, bytes, bad];

/** RFC 9112 §4: version, three digits, a reason that may be empty. */
const statusLine = answerGroup('status line', [
  ['plain', 'RFC 9112 §4', hello, whole],
  ['no-reason', 'RFC 9112 §4', 'HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello', whole],
  ['reason-of-words', 'RFC 9112 §4', 'HTTP/1.1 200 All is well\r\nContent-Length: 5\r\n\r\nhello', whole],
  ['unknown-status', 'RFC 9110 §15', ok(['Content-Length: 5'], 'hello', '299 What'), again({ status: 299, body: 'hello' })],
  ['http-1.0', 'RFC 9112 §9.3', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', dropped({ body: 'hello' })],
  badly('status-099', 'RFC 9110 §15', ok(['Content-Length: 0'], '', '099 What')),
  badly('status-two-digits', 'RFC 9112 §4', ok(['Content-Length: 0'], '', '20 OK')),
  badly('status-four-digits', 'RFC 9112 §4', ok(['Content-Length: 0'], '', '2000 OK')),
  badly('status-letters', 'RFC 9112 §4', ok(['Content-Length: 0'], '', '2xx OK')),
  badly('status-minus', 'RFC 9112 §4', ok(['Content-Length: 0'], '', '-20 OK')),
  badly('two-spaces', 'RFC 9112 §4', 'HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n'),
  badly('version-2', 'RFC 9112 §2.3', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'),
  badly('version-1.2', 'RFC 9112 §2.3', 'HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n'),
  badly('version-lower-case', 'RFC 9112 §2.3', 'http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  badly('icy', 'RFC 9112 §2.3', 'ICY 200 OK\r\nContent-Length: 0\r\n\r\n'),
  badly('ssh', 'RFC 9112 §4', 'SSH-2.0-OpenSSH_9.6\r\n'),
  badly('a-request', 'RFC 9112 §4', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  badly('only-a-body', 'HTTP/0.9', '<html>hello</html>\r\n\r\n'),
  ['nothing', 'RFC 9112 §8', '', bad, { then: 'ends' }],
  ['nothing-reset', 'RFC 9112 §8', '', bad, { then: 'resets' }],
  ['half-a-head', 'RFC 9112 §8', 'HTTP/1.1 200 OK\r\nContent-Le', bad, { then: 'ends' }],
]);

/** RFC 9112 §5: what can't be read in one way only is no answer. */
const headers = answerGroup('answer headers', [
  [
    'passed',
    'RFC 9110 §5.3',
    ok(['X-A: 1', 'Set-Cookie: a', 'Set-Cookie: b', 'Content-Length: 5'], 'hello'),
    again({ body: 'hello', headers: ['X-A: 1', 'Set-Cookie: a', 'Set-Cookie: b'] }),
  ],
  ['obs-text', 'RFC 9110 §5.5', ok(['X-A: \xe4', 'Content-Length: 5'], 'hello'), again({ body: 'hello', headers: ['X-A: \xe4'] })],
  [
    'from-the-agent',
    'workload contract',
    ok(['X-Lapidary-Stamp: eu-1', 'Content-Length: 5'], 'hello'),
    again({ body: 'hello', headers: ['X-Lapidary-Stamp: eu-1'] }),
  ],
  [
    'named-in-connection',
    'RFC 9110 §7.6.1',
    ok(['Connection: X-A', 'X-A: b', 'Content-Length: 5'], 'hello'),
    dropped({ body: 'hello' }),
    { general: whole },
  ],
  ['proxy-authenticate', 'RFC 9110 §11.7.1', ok(['Proxy-Authenticate: Basic', 'Content-Length: 5'], 'hello'), whole],
  ['upgrade-offer', 'RFC 9110 §7.8', ok(['Upgrade: h2c', 'Content-Length: 5'], 'hello'), whole],
  ['keep-alive', 'RFC 9110 §7.6.1', ok(['Keep-Alive: timeout=100', 'Connection: keep-alive', 'Content-Length: 5'], 'hello'), whole],
  ['close', 'RFC 9112 §9.6', ok(['Connection: close', 'Content-Length: 5'], 'hello'), dropped({ body: 'hello' })],
  badly('fold', 'RFC 9112 §5.2', ok(['X-A: b\r\n c', 'Content-Length: 0'])),
  badly('fold-tab', 'RFC 9112 §5.2', ok(['X-A: b\r\n\tc', 'Content-Length: 0'])),
  badly('bare-lf', 'RFC 9112 §2.2', hello.replaceAll('\r\n', '\n')),
  badly('bare-lf-once', 'RFC 9112 §2.2', ok(['X-A: b\nX-B: c', 'Content-Length: 0'])),
  badly('bare-cr', 'RFC 9112 §2.2', ok(['X-A: b\rX-B: c', 'Content-Length: 0'])),
  badly('nul', 'RFC 9110 §5.5', ok(['X-A: b\0c', 'Content-Length: 0'])),
  badly('control', 'RFC 9110 §5.5', ok(['X-A: b\x01c', 'Content-Length: 0'])),
  badly('space-before-colon', 'RFC 9112 §5.1', ok(['X-A : b', 'Content-Length: 0'])),
  badly('no-colon', 'RFC 9112 §5', ok(['X-A', 'Content-Length: 0'])),
  badly('no-name', 'RFC 9112 §5', ok([': b', 'Content-Length: 0'])),
  badly('space-in-name', 'RFC 9110 §5.1', ok(['X A: b', 'Content-Length: 0'])),
  badly('head-too-large', 'own limit', ok([`X-A: ${'b'.repeat(40_000)}`, 'Content-Length: 0'])),
]);

const length = (id: string, value: string): AnswerRow => badly(`length-${id}`, 'RFC 9112 §6.3', ok([`Content-Length:${value}`], 'hello'));
const coding = (id: string, value: string): AnswerRow =>
  badly(`coding-${id}`, 'RFC 9112 §6.3', ok([`Transfer-Encoding:${value}`], '5\r\nhello\r\n0\r\n\r\n'));
const chunked = (body: string, more: readonly string[] = []): string => ok(['Transfer-Encoding: chunked', ...more], body);

/** RFC 9112 §6.3: the same rules as for requests, and a 502 where they are broken. */
const framing = answerGroup('answer framing', [
  ['length', 'RFC 9112 §6.3', hello, whole],
  ['length-zero', 'RFC 9112 §6.3', ok(['Content-Length: 0']), again()],
  ['chunked', 'RFC 9112 §7.1', chunked('5\r\nhello\r\n0\r\n\r\n'), whole],
  ['chunked-two', 'RFC 9112 §7.1', chunked('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), whole],
  ['chunked-extension', 'RFC 9112 §7.1.1', chunked('5;a=b\r\nhello\r\n0\r\n\r\n'), whole],
  ['chunked-trailers', 'RFC 9110 §6.5.1', chunked('5\r\nhello\r\n0\r\nX-A: b\r\nSet-Cookie: c\r\n\r\n'), whole],
  ['chunked-empty', 'RFC 9112 §7.1', chunked('0\r\n\r\n'), again()],
  ['until-close', 'RFC 9112 §6.3', ok([], 'hello'), dropped({ body: 'hello' }), { then: 'ends' }],
  ['until-close-1.0', 'RFC 9112 §6.3', 'HTTP/1.0 200 OK\r\n\r\nhello', dropped({ body: 'hello' }), { then: 'ends' }],
  ['until-reset', 'RFC 9112 §8', ok([], 'hello'), cutAnswer, { then: 'resets' }],
  badly('length-and-chunks', 'RFC 9112 §6.3', ok(['Content-Length: 5', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n')),
  badly('chunks-and-length', 'RFC 9112 §6.3', ok(['Transfer-Encoding: chunked', 'Content-Length: 5'], '5\r\nhello\r\n0\r\n\r\n')),
  badly('length-twice-equal', 'RFC 9112 §6.3', ok(['Content-Length: 5', 'Content-Length: 5'], 'hello')),
  badly('length-twice-different', 'RFC 9112 §6.3', ok(['Content-Length: 5', 'Content-Length: 3'], 'hello')),
  length('list', ' 5, 5'),
  length('plus', ' +5'),
  length('minus', ' -5'),
  length('hex', ' 0x5'),
  length('letter', ' 5x'),
  length('blank-within', ' 5 5'),
  length('empty', ''),
  length('overflow', ' 18446744073709551621'),
  coding('gzip-chunked', ' gzip, chunked'),
  coding('identity', ' identity'),
  coding('twice', ' chunked, chunked'),
  coding('unknown', ' xchunked'),
  badly('coding-two-lines', 'RFC 9112 §6.3', ok(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n')),
  badly('coding-on-1.0', 'RFC 9112 §6.1', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
  ['truncated-length', 'RFC 9112 §8', ok(['Content-Length: 50'], 'hello'), cutAnswer, { then: 'ends' }],
  ['truncated-chunk', 'RFC 9112 §8', chunked('5\r\nhel'), cutAnswer, { then: 'ends' }],
  ['truncated-size', 'RFC 9112 §8', chunked('5\r\nhello\r\n5'), cutAnswer, { then: 'ends' }],
  ['truncated-before-zero', 'RFC 9112 §8', chunked('5\r\nhello\r\n'), cutAnswer, { then: 'ends' }],
  ['truncated-end', 'RFC 9112 §8', chunked('5\r\nhello\r\n0\r\n'), cutAnswer, { then: 'ends' }],
  ['truncated-reset', 'RFC 9112 §8', chunked('5\r\nhello\r\n'), cutAnswer, { then: 'resets' }],
  ['chunk-size-no-hex', 'RFC 9112 §7.1', chunked('g\r\nhello\r\n0\r\n\r\n'), cutAnswer],
  ['chunk-size-plus', 'RFC 9112 §7.1', chunked('+5\r\nhello\r\n0\r\n\r\n'), cutAnswer],
  ['chunk-size-0x', 'RFC 9112 §7.1', chunked('0x5\r\nhello\r\n0\r\n\r\n'), cutAnswer],
  ['chunk-size-overflow', 'RFC 9112 §7.1', chunked('10000000000000005\r\nhello\r\n0\r\n\r\n'), cutAnswer],
  ['chunk-bare-lf', 'RFC 9112 §7.1', chunked('5\nhello\r\n0\r\n\r\n'), cutAnswer],
  ['chunk-too-short', 'RFC 9112 §7.1', chunked('3\r\nhello\r\n0\r\n\r\n'), cutAnswer],
  ['chunk-then-bare-lf', 'RFC 9112 §7.1', chunked('5\r\nhello\n0\r\n\r\n'), cutAnswer],
]);

const interim = (...heads: readonly string[]): string => heads.map((h) => `HTTP/1.1 ${h}\r\n\r\n`).join('');

const early = 'Early Hints\r\nLink: </a.css>; rel=preload';
const hints = ['103 Early Hints', 'Link: </a.css>; rel=preload'];
const after = (...interims: readonly (readonly string[])[]): ExpectedAnswer => again({ body: 'hello', interim: interims });

/** RFC 9110 §9.3.2, §15: which answers have no body whatever their headers say, and which are not the last word. */
const bodiless = answerGroup('answers without body', [
  ['head-with-length', 'RFC 9110 §9.3.2', ok(['Content-Length: 500']), again(), { method: 'HEAD' }],
  ['head-with-chunks', 'RFC 9112 §6.1', ok(['Transfer-Encoding: chunked']), again(), { method: 'HEAD' }],
  ['head-without', 'RFC 9110 §9.3.2', ok([]), again(), { method: 'HEAD', general: dropped() }],
  ['204', 'RFC 9110 §15.3.5', ok([], '', '204 No Content'), again({ status: 204 })],
  ['204-with-length-zero', 'RFC 9110 §8.6', ok(['Content-Length: 0'], '', '204 No Content'), again({ status: 204 })],
  [
    '304-with-length',
    'RFC 9110 §15.4.5',
    ok(['ETag: "x"', 'Content-Length: 500'], '', '304 Not Modified'),
    again({ status: 304, headers: ['ETag: "x"'] }),
  ],
  ['205', 'RFC 9110 §15.3.6', ok(['Content-Length: 0'], '', '205 Reset Content'), again({ status: 205 })],
  ['100-first', 'RFC 9110 §15.2', interim('100 Continue') + hello, after(['100 Continue'])],
  ['103-first', 'RFC 8297', interim('103 Early Hints\r\nLink: </a.css>; rel=preload') + hello, after(hints)],
  [
    'several-first',
    'RFC 9110 §15.2',
    interim('100 Continue', '102 Processing', '103 Early Hints') + hello,
    after(['100 Continue'], ['102 Processing'], ['103 Early Hints']),
  ],
  ['unknown-first', 'RFC 9110 §15', interim('199 What') + hello, after(['199 What'])],
  [
    '103-of-this-hop',
    'RFC 9110 §7.6.1',
    interim('103 Early Hints\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nLink: </a.css>; rel=preload') + hello,
    after(hints),
  ],
  [
    '103-with-length',
    'RFC 9110 §15.2',
    interim('103 Early Hints\r\nContent-Length: 5\r\nLink: </a.css>; rel=preload') + hello,
    after(hints),
  ],
  ['103-then-204', 'RFC 8297', interim(`103 ${early}`) + ok([], '', '204 No Content'), again({ status: 204, interim: [hints] })],
  ['103-of-head', 'RFC 8297', interim(`103 ${early}`) + ok(['Content-Length: 500']), again({ interim: [hints] }), { method: 'HEAD' }],
  [
    '103-too-many',
    'own limit',
    interim(...Array.from({ length: 40 }, () => '102 Processing')) + hello,
    after(...Array.from({ length: 16 }, () => ['102 Processing'])),
  ],
  badly('103-folded', 'RFC 9112 §5.2', interim('103 Early Hints\r\nLink: a\r\n b') + hello),
  badly('103-bare-lf', 'RFC 9112 §2.2', 'HTTP/1.1 103 Early Hints\nLink: a\n\n' + hello),
  ['103-only', 'RFC 9110 §15.2', interim('103 Early Hints'), bad, { then: 'ends' }],
  ['101-unasked', 'RFC 9110 §15.2.2', ok(['Upgrade: h2c', 'Connection: Upgrade'], '', '101 Switching Protocols'), bad],
  ['101-without-upgrade', 'RFC 9110 §15.2.2', ok([], '', '101 Switching Protocols'), bad],
  ['100-only', 'RFC 9110 §15.2', interim('100 Continue'), bad, { then: 'ends' }],
]);

/** Response queue poisoning: what stands behind an answer must never become the answer to somebody else's request. */
const behind = answerGroup('bytes behind an answer', [
  ['rubbish', 'RFC 9112 §6.3', `${hello}rubbish`, dropped({ body: 'hello' })],
  ['an-answer', 'response queue poisoning', hello + ok(['Content-Length: 4'], 'evil'), dropped({ body: 'hello' })],
  [
    'an-answer-behind-chunks',
    'response queue poisoning',
    chunked('5\r\nhello\r\n0\r\n\r\n') + ok(['Content-Length: 4'], 'evil'),
    dropped({ body: 'hello' }),
  ],
  ['an-answer-behind-zero', 'response queue poisoning', ok(['Content-Length: 0']) + ok(['Content-Length: 4'], 'evil'), dropped()],
  [
    'an-answer-behind-204',
    'response queue poisoning',
    ok([], '', '204 No Content') + ok(['Content-Length: 4'], 'evil'),
    dropped({ status: 204 }),
  ],
  ['an-interim', 'response queue poisoning', hello + interim('100 Continue'), dropped({ body: 'hello' })],
  ['body-of-head', 'RFC 9110 §9.3.2', hello, dropped(), { method: 'HEAD' }],
  ['body-of-204', 'RFC 9110 §15.3.5', ok(['Content-Length: 5'], 'hello', '204 No Content'), dropped({ status: 204 })],
  ['body-of-304', 'RFC 9110 §15.4.5', ok(['Content-Length: 5'], 'hello', '304 Not Modified'), dropped({ status: 304 })],
  ['length-too-small', 'RFC 9112 §6.3', ok(['Content-Length: 2'], 'hello'), dropped({ body: 'he' })],
  ['line-end', 'RFC 9112 §2.2', `${hello}\r\n`, dropped({ body: 'hello' }), { general: whole }],
]);

/** Every answer of the corpus. */
export const answerCases: readonly AnswerCase[] = [...statusLine, ...headers, ...framing, ...bodiless, ...behind];
