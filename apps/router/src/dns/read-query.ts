import { decode, encode, type DecodedPacket, type OptAnswer } from 'dns-packet';
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

/**
 * A name must read back as the very bytes that came: a label may hold a dot, or what is no ASCII, and would be echoed as another
 * name than was asked.
 */
const isPlainQuestion = (packet: DecodedPacket, bytes: Buffer): boolean => {
  const echo = encode({ questions: packet.questions }).subarray(headerBytes);
  return bytes.subarray(headerBytes, headerBytes + echo.length).equals(echo);
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
    const packet = decode(bytes);
    if (decode.bytes !== bytes.length || !isPlainQuestion(packet, bytes)) return drop('malformed');
    const [question] = packet.questions!;
    const edns = ednsOf(packet);
    if (additionals === 1 && edns === null) return { kind: 'refuse', code: 'FORMERR', id, opcodeBits };
    const { name, type, class: klass = 'IN' } = question!;
    return {
      kind: 'query',
      query: { id, opcode: 'QUERY', recursionDesired: packet.flag_rd, question: { name, type, class: klass }, edns },
    };
  } catch {
    return drop('malformed');
  }
};
