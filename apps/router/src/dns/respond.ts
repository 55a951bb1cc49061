import { AUTHORITATIVE_ANSWER, DNSSEC_OK, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer, type Packet } from 'dns-packet';
import { answerQuestion, type Reply } from './answer-question.js';
import { readQuery, udpBytesMax, udpBytesMin, type DropReason, type Query } from './read-query.js';
import type { DnsWorld } from './zone.js';

export type Transport = 'udp' | 'tcp';

export type Response =
  | { readonly kind: 'drop'; readonly reason: DropReason }
  | { readonly kind: 'answer'; readonly bytes: Buffer; readonly outcome: string };

/** RFC 1035 §4.1.1 and RFC 6891 §9. BADVERS doesn't fit the header's four bits. */
const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
type Code = keyof typeof codes;

/**
 * Over UDP anybody can ask in somebody else's name. An answer that is larger than this many times its question is cut, and the one
 * who really asked comes again over TCP. Our usual answers are below 4; a zone's NS set with its glue may reach it.
 */
const udpAmplificationMax = 8;
/** A TCP message's length has 16 bits. */
const tcpBytesMax = 65_535;

const ednsRecord = (query: Query, code: Code): Answer[] =>
  query.edns === null
    ? []
    : [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: udpBytesMax,
          extendedRcode: codes[code] >> 4,
          ednsVersion: 0,
          flags: query.edns.dnssecOk ? DNSSEC_OK : 0,
          flag_do: query.edns.dnssecOk,
          options: [],
        },
      ];

const headerBytes = 12;
const questionCountAt = 4;

/** The question is echoed as it came, whatever bytes its labels have: a resolver that gets no answer takes us for dead, and asks no more for the other names. */
const withQuestion = (query: Query, packet: Packet): Buffer => {
  // No name in it points to another.
  const bytes = encode(packet);
  const whole = Buffer.concat([bytes.subarray(0, headerBytes), query.questionBytes, bytes.subarray(headerBytes)]);
  whole.writeUInt16BE(1, questionCountAt);
  return whole;
};

const message = (query: Query, code: Code, reply: Partial<Reply>, truncated = false): Buffer =>
  withQuestion(query, packetOf(query, code, reply, truncated));

const packetOf = (query: Query, code: Code, reply: Partial<Reply>, truncated: boolean): Packet => ({
  type: 'response',
  id: query.id,
  flags:
    (codes[code] & 0xf) |
    (reply.authoritative === true ? AUTHORITATIVE_ANSWER : 0) |
    (query.recursionDesired ? RECURSION_DESIRED : 0) |
    (truncated ? TRUNCATED_RESPONSE : 0),
  answers: [...(reply.answers ?? [])],
  authorities: [...(reply.authorities ?? [])],
  additionals: [...(reply.additionals ?? []), ...ednsRecord(query, code)],
});

const bytesMaxOf = (query: Query, queryBytes: number, transport: Transport): number =>
  transport === 'tcp' ? tcpBytesMax : Math.min(query.edns?.udpBytes ?? udpBytesMin, queryBytes * udpAmplificationMax);

/** Header only: the question could not be read, so it can't be echoed. */
const headerOnly = (id: number, code: Code, opcodeBits: number): Buffer => {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(0x8000 | opcodeBits | codes[code], 2);
  return bytes;
};

/** The answer as a message that has no room: TC, and the question again. */
export const truncatedAnswer = (query: Query, authoritative = true): Buffer => message(query, 'NOERROR', { authoritative }, true);

/**
 * One message in, at most one out. Never longer than the other side takes, nor over UDP than the amplification bound; what doesn't
 * fit is left out as a whole with TC set (RFC 2181 §9), so that no half of a set is ever taken for all of it.
 */
export const respond = (bytes: Buffer, transport: Transport, world: DnsWorld): Response => {
  const read = readQuery(bytes);
  if (read.kind === 'drop') return read;
  if (read.kind === 'refuse') return { kind: 'answer', bytes: headerOnly(read.id, read.code, read.opcodeBits), outcome: read.code };
  const { query } = read;
  if ((query.edns?.version ?? 0) > 0) return { kind: 'answer', bytes: message(query, 'BADVERS', {}), outcome: 'BADVERS' };
  const reply = answerQuestion(query.question, world);
  const whole = message(query, reply.code, reply);
  if (whole.length <= bytesMaxOf(query, bytes.length, transport)) return { kind: 'answer', bytes: whole, outcome: reply.code };
  return { kind: 'answer', bytes: truncatedAnswer(query, reply.authoritative), outcome: 'TRUNCATED' };
};
