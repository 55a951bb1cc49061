import type { Random } from '../run/random.ts';

/** What advisories about request smuggling are made of. */
const lines = [
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length : 5',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length: 005',
  'Content_Length: 9',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer_Encoding: chunked',
  ' Transfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'Host: beta.lapidary.localhost',
  'Connection: close',
  'Connection: keep-alive, x-lapidary-epoch',
  'Connection: content-length',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'TE: trailers',
  'Trailer: Content-Length',
  'X-Lapidary-Tenant: beta',
  'X_Lapidary_Epoch: 99',
  'X-Forwarded-For: 6.6.6.6',
];
const bytesOf = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\xff',
  '"',
  '#',
  '\\',
  '0',
  '5',
  'a',
  'F',
  '_',
  '-',
  '+',
];
const bodies = [
  '5\r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n0\r\n\r\n',
  '0\r\n\r\n',
  '0\r\nX-A: b\r\n\r\n',
  'hello',
  '5\nhello\r\n0\r\n\r\n',
];
const methods = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'get', 'TRACE', 'CONNECT', 'PATCH'];
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 '];

type Mutation = (bytes: string, random: Random) => string;

const insertAt = (bytes: string, at: number, text: string): string => bytes.slice(0, at) + text + bytes.slice(at);
const anywhere = (bytes: string, random: Random): number => random.below(bytes.length + 1);
/** Offsets behind line ends of the head. */
const lineStarts = (bytes: string): number[] => [...bytes.matchAll(/\r\n/g)].map(({ index }) => index + 2);

const mutations: readonly Mutation[] = [
  (bytes, random) => insertAt(bytes, anywhere(bytes, random), random.pick(bytesOf)),
  (bytes, random) => {
    const at = anywhere(bytes, random);
    return bytes.slice(0, at) + random.pick(bytesOf) + bytes.slice(at + 1);
  },
  (bytes, random) => {
    const at = anywhere(bytes, random);
    return bytes.slice(0, at) + bytes.slice(at + 1 + random.below(4));
  },
  (bytes, random) => {
    const at = anywhere(bytes, random);
    return insertAt(bytes, at, bytes.slice(at, at + 1 + random.below(40)));
  },
  (bytes, random) => {
    const starts = lineStarts(bytes);
    return starts.length === 0 ? bytes : insertAt(bytes, random.pick(starts.slice(0, 6)), `${random.pick(lines)}\r\n`);
  },
  (bytes, random) => {
    const starts = lineStarts(bytes);
    return starts.length === 0 ? bytes : insertAt(bytes, random.pick(starts.slice(0, 6)), `${random.pick(lines)}\r\n`);
  },
  (bytes, random) => bytes + random.pick(bodies),
  (bytes, random) => bytes.replace(/^\S+/, random.pick(methods)),
  (bytes, random) => bytes.replace(/HTTP\/1\.1 ?/, random.pick(versions)),
  (bytes, random) => bytes.replace(/\d+/, (digits) => (random.below(2) === 0 ? `${digits}${random.below(10)}` : String(random.below(64)))),
  (bytes, random) => {
    const at = anywhere(bytes, random);
    const letter = bytes[at] ?? '';
    return bytes.slice(0, at) + (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()) + bytes.slice(at + 1);
  },
  (bytes, random) => bytes.slice(0, anywhere(bytes, random)),
];

/** Inputs longer than this only repeat themselves. */
const bytesMax = 4_000;

/** One to four things wrong with a message, or nothing that matters. */
export const mutate = (bytes: string, random: Random): string => {
  let text = bytes;
  for (let i = random.below(4); i >= 0; i--) text = random.pick(mutations)(text, random);
  return text.slice(0, bytesMax);
};
