import { randomFillSync } from 'node:crypto';

/** W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00; all-zero ids are invalid there. */
const pattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const traceAt = 3;
const spanAt = traceAt + 32 + 1;
const flagsAt = spanAt + 16 + 1;
const sampledFlag = 0x01;

export const isTraceparent = (text: string | string[] | undefined): text is string => typeof text === 'string' && pattern.test(text);

/** 32 hex digits. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(traceAt, traceAt + 32);
/** 16 hex digits. */
export const spanIdOf = (traceparent: string): string => traceparent.slice(spanAt, spanAt + 16);
/** Whether whoever began the trace wants it recorded. */
export const isSampled = (traceparent: string): boolean => (Number.parseInt(traceparent.slice(flagsAt), 16) & sampledFlag) !== 0;

/** The same trace, with the flags that it came with, seen from another span of it. */
export const withSpan = (traceparent: string, spanId: string): string =>
  `${traceparent.slice(0, spanAt)}${spanId}${traceparent.slice(flagsAt - 1)}`;

export const newTraceparent = (sampled: boolean): string => `00-${randomHex(16)}-${randomHex(8)}-${sampled ? '01' : '00'}`;

export const newSpanId = (): string => randomHex(8);

/** Random bytes are drawn for many ids at once: one draw costs as much as a thousand bytes of it. */
const drawn = Buffer.alloc(6 * 1024);
let used = drawn.length;

const randomHex = (bytes: number): string => {
  if (used + bytes > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += bytes;
  return drawn.toString('hex', used - bytes, used);
};
