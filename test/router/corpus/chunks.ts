import { chunked, closed, cut, group, kept, unfinished, withBody, type Row } from './case.ts';

const body = '5\r\nhello\r\n0\r\n\r\n';
const chunks = (id: string, source: string, text: string, as: string): Row => [id, source, chunked(text), kept(withBody('chunked', as))];
const badChunks = (id: string, source: string, text: string): Row => [id, source, chunked(text), cut(400, 413, 431)];

/** RFC 9112 §7.1: size in hexadecimal digits, CRLF, bytes, CRLF; last a zero, trailers, an empty line. */
export const chunkCases = group('chunks', [
  chunks('one', 'RFC 9112 §7.1', body, 'hello'),
  chunks('two', 'RFC 9112 §7.1', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'),
  chunks('none', 'RFC 9112 §7.1', '0\r\n\r\n', ''),
  chunks('hex-upper', 'RFC 9112 §7.1', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'),
  chunks('hex-lower', 'RFC 9112 §7.1', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'),
  chunks('leading-zeros', 'RFC 9112 §7.1', '0005\r\nhello\r\n000\r\n\r\n', 'hello'),
  chunks('crlf-in-data', 'RFC 9112 §7.1', '9\r\n0\r\n\r\nGET \r\n0\r\n\r\n', '0\r\n\r\nGET '),
  chunks('extension', 'RFC 9112 §7.1.1', '5;a=b\r\nhello\r\n0;c\r\n\r\n', 'hello'),
  chunks('extension-quoted', 'RFC 9112 §7.1.1', '5;a="b;c"\r\nhello\r\n0\r\n\r\n', 'hello'),
  chunks('extension-escaped-quote', 'RFC 9112 §7.1.1', '5;a="b\\"c";d\r\nhello\r\n0\r\n\r\n', 'hello'),
  badChunks('size-empty', 'RFC 9112 §7.1', '\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-no-hex', 'RFC 9112 §7.1', 'g\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-0x', 'RFC 9112 §7.1', '0x5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-plus', 'RFC 9112 §7.1', '+5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-minus', 'RFC 9112 §7.1', '-5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-underscore', 'RFC 9112 §7.1', '0_5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-decimal', 'RFC 9112 §7.1', '5.0\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-quoted', 'RFC 9112 §7.1', '"5"\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-space-first', 'RFC 9112 §7.1', ' 5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-tab-first', 'RFC 9112 §7.1', '\t5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-space-last', 'RFC 9112 §7.1', '5 \r\nhello\r\n0\r\n\r\n'),
  badChunks('size-tab-last', 'RFC 9112 §7.1', '5\t\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-nul', 'RFC 9112 §7.1', '5\0\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-two-numbers', 'RFC 9112 §7.1', '5 5\r\nhello\r\n0\r\n\r\n'),
  badChunks('size-over-64-bits', 'CVE-2013-2028 and others', '10000000000000005\r\nhello\r\n0\r\n\r\n'),
  ['size-all-f', 'integer overflow', chunked('ffffffffffffffff\r\nhello\r\n0\r\n\r\n'), cut(400, 413), cut(408)],
  badChunks('size-many-f', 'integer overflow', `${'f'.repeat(40)}\r\nhello\r\n0\r\n\r\n`),
  badChunks('bare-lf-behind-size', 'RFC 9112 §7.1 (CVE-2025-55315)', '5\nhello\r\n0\r\n\r\n'),
  badChunks('bare-cr-behind-size', 'RFC 9112 §7.1', '5\rhello\r\n0\r\n\r\n'),
  badChunks('bare-lf-behind-data', 'RFC 9112 §7.1', '5\r\nhello\n0\r\n\r\n'),
  badChunks('bare-cr-behind-data', 'RFC 9112 §7.1', '5\r\nhello\r0\r\n\r\n'),
  badChunks('nothing-behind-data', 'RFC 9112 §7.1', '5\r\nhello0\r\n\r\n'),
  badChunks('other-bytes-behind-data', 'RFC 9112 §7.1', '5\r\nhelloXX0\r\n\r\n'),
  badChunks('size-too-small', 'RFC 9112 §7.1', '4\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-bare-lf', 'CVE-2025-55315', '5;a\nb\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-bare-cr', 'CVE-2025-55315', '5;a\rb\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-ends-with-lf', 'CVE-2025-55315', '5;\nhello\r\n0\r\n\r\n'),
  badChunks('extension-nul', 'RFC 9112 §7.1.1', '5;a\0b\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-no-name', 'RFC 9112 §7.1.1', '5\r\nhello\r\n0;\r\n\r\n'),
  badChunks('extension-no-token', 'RFC 9112 §7.1.1', '5;a:=b\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-space-first', 'RFC 9112 §7.1.1', '5; a=b\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-open-quote', 'RFC 9112 §7.1.1', '5;a="b;c\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-behind-quotes', 'RFC 9112 §7.1.1', '5;a="b"c\r\nhello\r\n0\r\n\r\n'),
  badChunks('extension-too-large', 'CVE-2023-39326 and others', `5;${'a'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`),
  badChunks('last-bare-lf', 'RFC 9112 §7.1', '5\r\nhello\r\n0\n\n'),
  badChunks('end-bare-lf', 'RFC 9112 §7.1', '5\r\nhello\r\n0\r\n\n'),
  badChunks('last-minus-zero', 'RFC 9112 §7.1', '5\r\nhello\r\n-0\r\n\r\n'),
  ['breaks-off-in-size', 'RFC 9112 §8', chunked('5'), unfinished],
  ['breaks-off-in-data', 'RFC 9112 §8', chunked('5\r\nhel'), unfinished],
  ['breaks-off-behind-data', 'RFC 9112 §8', chunked('5\r\nhello\r\n'), unfinished],
  ['breaks-off-at-the-end', 'RFC 9112 §8', chunked('5\r\nhello\r\n0\r\n'), unfinished],
]);

const withTrailers = (...lines: readonly string[]): string => `5\r\nhello\r\n0\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`;
/** Dropped: the message goes on without it. */
const drops = (id: string, source: string, ...lines: readonly string[]): Row => chunks(id, source, withTrailers(...lines), 'hello');
/** No trailers at all, or not to everybody. */
const never = (id: string, source: string, ...lines: readonly string[]): Row => badChunks(id, source, withTrailers(...lines));

/** RFC 9112 §7.1.2, RFC 9110 §6.5.1: trailers pass from an allow-list only, which is empty. */
export const trailerCases = group('trailers', [
  drops('plain', 'RFC 9110 §6.5.1', 'X-A: b'),
  drops('several', 'RFC 9110 §6.5.1', 'X-A: b', 'X-B: c'),
  drops('announced-name', 'RFC 9110 §6.6.2', 'Digest: x'),
  drops('host', 'RFC 9110 §6.5.1', 'Host: beta.lapidary.localhost'),
  drops('tenant', 'RFC 9110 §6.5.1', 'X-Lapidary-Tenant: beta'),
  drops('epoch-underscore', 'RFC 9110 §6.5.1', 'X_Lapidary_Epoch: 99'),
  drops('cookie', 'RFC 9110 §6.5.1', 'Cookie: a=b'),
  drops('authorization', 'RFC 9110 §6.5.1', 'Authorization: Basic eA=='),
  // Node's parser, the general path's, does as it says and closes; nothing behind it is read either way.
  ['connection', 'RFC 9110 §6.5.1', chunked(withTrailers('Connection: close')), cut(400), closed(withBody('chunked', 'hello'))],
  ['connection-kept', 'RFC 9110 §6.5.1', chunked(withTrailers('Connection: keep-alive')), cut(400), kept(withBody('chunked', 'hello'))],
  ['length-underscore', 'RFC 9110 §6.5.1', chunked(withTrailers('Content_Length: 99')), cut(400), kept(withBody('chunked', 'hello'))],
  ['announced', 'RFC 9110 §6.6.2', chunked(withTrailers('X-A: b'), ['Trailer: X-A']), kept(withBody('chunked', 'hello'))],
  never('length', 'RFC 9110 §6.5.1', 'Content-Length: 99'),
  never('transfer-encoding', 'RFC 9110 §6.5.1', 'Transfer-Encoding: chunked'),
  never('fold', 'RFC 9112 §5.2', 'X-A: b', ' c'),
  never('space-before-colon', 'RFC 9112 §5.1', 'X-A : b'),
  never('no-colon', 'RFC 9112 §5', 'X-A'),
  never('bare-lf', 'RFC 9112 §2.2', 'X-A: b\nX-B: c'),
  never('bare-cr', 'RFC 9112 §2.2', 'X-A: b\rX-B: c'),
  never('nul', 'RFC 9110 §5.5', 'X-A: b\0'),
  never('request-line', 'RFC 9112 §7.1.2', 'GET /smuggled HTTP/1.1'),
  never('too-large', 'RFC 6585 §5', `X-A: ${'b'.repeat(40_000)}`),
  ['breaks-off', 'RFC 9112 §8', chunked('5\r\nhello\r\n0\r\nX-A: b\r\n'), unfinished],
]);
