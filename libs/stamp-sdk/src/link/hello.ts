import { createHmac, timingSafeEqual } from 'node:crypto';
import { dataBytesMax, helloBytesMin, nameBytesMax, type LinkRole } from './frames.js';

/** 2: interim answers (1xx) travel, too. Ends that know only 1 are spoken to in 1. */
export const linkVersion = 2;
export const linkVersionMin = 1;
export const nonceBytes = 16;
const proofBytes = 32;

/** What an end takes from the other. */
export interface LinkSettings {
  /** Requests open at once; what the agent says counts, a router takes none and says 0. */
  readonly maxStreams: number;
  /** DATA of one stream that may be under way or unread. */
  readonly streamWindowBytes: number;
  /** DATA of all streams that may be under way: what a frame of another stream may have to wait behind. */
  readonly linkWindowBytes: number;
}

/**
 * 512 × 64 KiB: at worst 32 MiB of a peer's unread bodies per link. 256 KiB under way are 2 ms at 1 Gbit/s, more than a
 * region's round trip, so that one link can fill its line and a head still waits no longer than that.
 */
export const defaultSettings: LinkSettings = { maxStreams: 512, streamWindowBytes: 64 * 1024, linkWindowBytes: 256 * 1024 };

/** Above this a peer asks for memory that nobody planned for. */
const windowBytesMax = 64 * 1024 * 1024;

/** A window smaller than a frame would stall for good. */
export const areSane = (settings: LinkSettings): boolean =>
  settings.streamWindowBytes >= dataBytesMax &&
  settings.linkWindowBytes >= dataBytesMax &&
  settings.streamWindowBytes <= windowBytesMax &&
  settings.linkWindowBytes <= windowBytesMax;

export interface Hello {
  readonly version: number;
  /** Fresh for each link; what the other end's proof is made of. */
  readonly nonce: Buffer;
  readonly settings: LinkSettings;
  /** The agent's stamp; the router's id. */
  readonly name: string;
  /** The router's proof that it knows the region's link key; empty where there is no key, and from the agent. */
  readonly proof: Buffer;
}

export const encodeHello = (hello: Hello): Buffer => {
  const name = Buffer.from(hello.name, 'latin1').subarray(0, nameBytesMax);
  const bytes = Buffer.alloc(helloBytesMin + name.length + hello.proof.length);
  bytes[0] = hello.version;
  hello.nonce.copy(bytes, 1);
  let at = bytes.writeUInt16BE(hello.settings.maxStreams, 1 + nonceBytes);
  at = bytes.writeUInt32BE(hello.settings.streamWindowBytes, at);
  at = bytes.writeUInt32BE(hello.settings.linkWindowBytes, at);
  bytes[at++] = name.length;
  name.copy(bytes, at);
  hello.proof.copy(bytes, at + name.length);
  return bytes;
};

/** null: not a HELLO, whatever its version. The bytes are copied. */
export const decodeHello = (bytes: Buffer, start: number, end: number): Hello | null => {
  if (end - start < helloBytesMin) return null;
  const at = start + 1 + nonceBytes;
  const nameStart = start + helloBytesMin;
  const nameEnd = nameStart + bytes[nameStart - 1]!;
  const isWhole = end === nameEnd || end === nameEnd + proofBytes;
  if (!isWhole || nameEnd - nameStart > nameBytesMax) return null;
  return {
    version: bytes[start]!,
    nonce: Buffer.from(bytes.subarray(start + 1, at)),
    settings: {
      maxStreams: bytes.readUInt16BE(at),
      streamWindowBytes: bytes.readUInt32BE(at + 2),
      linkWindowBytes: bytes.readUInt32BE(at + 6),
    },
    name: bytes.toString('latin1', nameStart, nameEnd),
    proof: Buffer.from(bytes.subarray(nameEnd, end)),
  };
};

/** Names come last and after their separators: no choice of names makes one role's proof another's. */
export interface ProofParts {
  readonly agentNonce: Buffer;
  readonly routerNonce: Buffer;
  readonly stamp: string;
  readonly router: string;
}

/** That `role` knows the key, on this link and no other, and which version both speak; the key itself never travels. Empty without a key. */
export const proofOf = (key: string | null, role: LinkRole, parts: ProofParts, version: number): Buffer => {
  if (key === null) return Buffer.alloc(0);
  const mac = createHmac('sha256', key).update(`lapidary-link/${version} ${role}\0`);
  return mac.update(parts.agentNonce).update(parts.routerNonce).update(`${parts.stamp}\0${parts.router}`).digest();
};

export const isSameProof = (expected: Buffer, given: Buffer): boolean =>
  expected.length === given.length && timingSafeEqual(expected, given);
