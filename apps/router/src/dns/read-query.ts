import { decode, type DecodedPacket, type OptAnswer } from 'dns-packet';
import type { Question } from './answer-question.js';

/** RFC 1035 §4.2.1: what every resolver takes over UDP; the floor for what it says itself (RFC 6891 §6.2.3). */
export const udpBytesMin = 512;
/** Fits every path without fragments; the size that resolvers agreed on in 2020. */
export const udpBytesMax = 1232;
const headerBytes = 12;
/** A question is at most 271 bytes; the rest is room for EDNS options. */
const queryBytesMax = 4096;

export type DropReason = 'too_short' | 'too_long' | 'not_a_query' | 'malformed';

export interface Query {
  readonly id: number;
  readonly opcode: string;
  readonly recursionDesired: boolean;
  readonly question: Question;
  /** As it came, to be echoed. */
  readonly questionBytes: Buffer;
  /** What the other side says of itself by EDNS0; null: it doesn't speak it. */
  readonly edns: { readonly version: number; readonly udpBytes: number; readonly dnssecOk: boolean } | null;
}

export type ReadQuery =
  /** Nothing is answered: it may be a forged message, or an answer that would be answered in turn. */
  | { readonly kind: 'drop'; readonly reason: DropReason }
  /** Well-formed as a header, but nothing that can be answered. */
  | { readonly kind: 'refuse'; readonly code: 'FORMERR' | 'NOTIMP'; readonly id: number; readonly opcodeBits: number }
  | { readonly kind: 'query'; readonly query: Query };

const drop = (reason: DropReason): ReadQuery => ({ kind: 'drop', reason });

const ednsOf = ({ additionals = [] }: DecodedPacket): Query['edns'] => {
  const opt = additionals.find((record): record is OptAnswer => record.type === 'OPT');
  if (!opt) return null;
  const udpBytes = Math.min(udpBytesMax, Math.max(udpBytesMin, opt.udpPayloadSize));
  return { version: opt.ednsVersion, udpBytes, dnssecOk: opt.flag_do };
};

/** RFC 1035 §2.3.4 */
const labelBytesMax = 63;
const nameBytesMax = 255;
/** Type and class. */
const behindNameBytes = 4;
/** In place of a label that holds a dot, or what is no text: no name of ours has it, and it must not be taken for two labels. */
const oddLabel = '?';
const plainLabel = /^[!-\-/-~]+$/;

/** The name asked for, and where the question ends; null: there is none. */
const nameIn = (bytes: Buffer): { readonly name: string; readonly end: number } | null => {
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = bytes[at];
    // A pointer, too: there is nothing before a question that it could lead to.
    if (length === undefined || length > labelBytesMax) return null;
    at += 1;
    if (length === 0) break;
    const label = bytes.toString('latin1', at, at + length);
    labels.push(plainLabel.test(label) ? label : oddLabel);
    at += length;
    if (at - headerBytes > nameBytesMax - 1) return null;
  }
  const end = at + behindNameBytes;
  return end > bytes.length ? null : { name: labels.length === 0 ? '.' : labels.join('.'), end };
};

/** Reads a message that anybody may have sent, strictly: one question, nothing else but EDNS0, no byte behind it. */
export const readQuery = (bytes: Buffer): ReadQuery => {
  if (bytes.length < headerBytes) return drop('too_short');
  if (bytes.length > queryBytesMax) return drop('too_long');
  const id = bytes.readUInt16BE(0);
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return drop('not_a_query');
  const opcodeBits = flags & 0x7800;
  if (opcodeBits !== 0) return { kind: 'refuse', code: 'NOTIMP', id, opcodeBits };
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additionals! > 1) return { kind: 'refuse', code: 'FORMERR', id, opcodeBits };
  try {
    const asked = nameIn(bytes);
    const packet = decode(bytes);
    if (asked === null || decode.bytes !== bytes.length) return drop('malformed');
    const [question] = packet.questions!;
    const edns = ednsOf(packet);
    if (additionals === 1 && edns === null) return { kind: 'refuse', code: 'FORMERR', id, opcodeBits };
    const { type, class: klass = 'IN' } = question!;
    const { name } = asked;
    return {
      kind: 'query',
      query: {
        id,
        opcode: 'QUERY',
        recursionDesired: packet.flag_rd,
        question: { name, type, class: klass },
        questionBytes: bytes.subarray(headerBytes, asked.end),
        edns,
      },
    };
  } catch {
    return drop('malformed');
  }
};
