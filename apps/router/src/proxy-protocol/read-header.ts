import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * The PROXY protocol's header, versions 1 and 2 (HAProxy's proxy-protocol.txt, revision 2020/03/05), read strictly: it says who the client is, so that
 * what could be read in two ways is refused. Pure; called again with more bytes while there are too few.
 */
export type ProxyHeader =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly reason: string }
  /** `client` is null where the header says nothing of one (LOCAL, UNKNOWN): the sender speaks for itself. */
  | { readonly kind: 'whole'; readonly bytes: number; readonly client: { readonly address: string; readonly port: number } | null };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const beginning1 = Buffer.from('PROXY ', 'latin1');
/** The longest line of version 1, with its end: §2.1. */
const lineBytesMax = 107;
const fixedBytes2 = 16;
/** Addresses and what senders add (TLS facts, ids): §2.2 wants 216 bytes at least; ours is some eight times that. */
const restBytesMax = 2_048;

const more: ProxyHeader = { kind: 'more' };
const bad = (reason: string): ProxyHeader => ({ kind: 'bad', reason });

export const readProxyHeader = (bytes: Buffer): ProxyHeader => {
  if (begins(bytes, signature)) return bytes.length < fixedBytes2 ? more : version2(bytes);
  if (begins(bytes, beginning1)) return version1(bytes);
  return bad('there is no PROXY header');
};

/** Whether the bytes, as far as they have come, are those of `beginning`. */
const begins = (bytes: Buffer, beginning: Buffer): boolean => {
  const length = Math.min(bytes.length, beginning.length);
  return bytes.compare(beginning, 0, length, 0, length) === 0;
};

const portPattern = /^(?:0|[1-9]\d{0,4})$/;
const portOf = (text: string | undefined): number | null => {
  const port = portPattern.test(text ?? '') ? Number(text) : -1;
  return port >= 0 && port <= 65_535 ? port : null;
};

const version1 = (bytes: Buffer): ProxyHeader => {
  const end = bytes.subarray(0, lineBytesMax).indexOf('\r\n');
  if (end < 0) return bytes.length >= lineBytesMax ? bad('the line has no end') : more;
  const parts = bytes.toString('latin1', 0, end).split(' ');
  const [, family, source, destination, sourcePort, destinationPort] = parts;
  // Senders may write anything behind UNKNOWN (§2.1).
  if (family === 'UNKNOWN') return { kind: 'whole', bytes: end + 2, client: null };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : null;
  if (isAddress === null) return bad('the family is neither TCP4 nor TCP6');
  if (parts.length !== 6 || !isAddress(source ?? '') || !isAddress(destination ?? '')) return bad('the addresses are none');
  const port = portOf(sourcePort);
  if (port === null || portOf(destinationPort) === null) return bad('the ports are none');
  return { kind: 'whole', bytes: end + 2, client: { address: plain(source!), port } };
};

/** Without a zone: it means something on the sender's machine only. */
const isPlainIPv6 = (text: string): boolean => isIPv6(text) && !text.includes('%');

/** One way to write each address. */
const plain = (address: string): string => (isIPv4(address) ? address : new SocketAddress({ address, family: 'ipv6' }).address);

const commands: ReadonlySet<number> = new Set([0x20, 0x21]);
const local = 0x20;
const addressBytes: Readonly<Record<number, number>> = { 0x00: 0, 0x11: 12, 0x21: 36 };

const version2 = (bytes: Buffer): ProxyHeader => {
  const command = bytes[12]!;
  const family = bytes[13]!;
  const restBytes = bytes.readUInt16BE(14);
  if (!commands.has(command)) return bad('the version or command is unknown');
  if (restBytes > restBytesMax) return bad('the header is too long');
  const needed = addressBytes[family];
  if (command !== local && needed === undefined) return bad('the family is neither TCP over IPv4 nor TCP over IPv6');
  if (command !== local && restBytes < needed!) return bad('the header is too short for its addresses');
  const whole = fixedBytes2 + restBytes;
  if (bytes.length < whole) return more;
  // §2.2: what a LOCAL header says of addresses is to be passed over.
  if (command === local || family === 0x00) return { kind: 'whole', bytes: whole, client: null };
  if (!tlvsAreWhole(bytes.subarray(fixedBytes2 + needed!, whole))) return bad('what follows the addresses is cut off');
  const isV4 = family === 0x11;
  const address = isV4 ? bytes.subarray(16, 20).join('.') : plain(groupsOf(bytes.subarray(16, 32)));
  return { kind: 'whole', bytes: whole, client: { address, port: bytes.readUInt16BE(isV4 ? 24 : 48) } };
};

const groupsOf = (bytes: Buffer): string => Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':');

/** Additions are passed over, but must fill their room: a length that doesn't fit shows a header that isn't one. */
const tlvsAreWhole = (rest: Buffer): boolean => {
  let at = 0;
  while (at + 3 <= rest.length) at += 3 + rest.readUInt16BE(at + 1);
  return at === rest.length;
};
