import { randomFillSync } from 'node:crypto';
import { newId } from '@lapidary/kernel/ids';

/** Ids that others send are kept for correlation where they can't break logs or headers. */
const requestIdPattern = /^[A-Za-z0-9._-]{8,128}$/;
/** W3C Trace Context, version 00; all-zero ids are invalid there. */
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Share of traces begun here that ask to be recorded: enough to see the usual, cheap enough for every workload. */
const sampledShare = 0.01;

export const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newId();

/** The client's trace goes on; without a valid one, a trace begins here. */
export const traceparentOf = (sent: string | string[] | undefined, random: () => number = Math.random): string => {
  if (typeof sent === 'string' && traceparentPattern.test(sent)) return sent;
  const hex = randomHex();
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-${random() < sampledShare ? '01' : '00'}`;
};

/** Ids of a trace and of a span. */
const idBytes = 16 + 8;
/** Random bytes are drawn for many traces at once: one draw costs as much as a thousand bytes of it. */
const drawn = Buffer.alloc(256 * idBytes);
let used = drawn.length;

const randomHex = (): string => {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += idBytes;
  return drawn.toString('hex', used - idBytes, used);
};
