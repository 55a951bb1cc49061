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

/** Length of a traceparent. */
export const traceparentBytes = flagsAt + 2;

/** A new traceparent in ASCII at `at`, for who writes other text around it: no text of its own has to be made. */
export const writeTraceparent = (into: Uint8Array, at: number, sampled: boolean): void => {
  into[at] = into[at + 1] = into[at + flagsAt] = digits[0]!;
  into[at + traceAt - 1] = into[at + spanAt - 1] = into[at + flagsAt - 1] = dash;
  writeRandomHex(into, at + traceAt, 16);
  writeRandomHex(into, at + spanAt, 8);
  into[at + flagsAt + 1] = digits[sampled ? sampledFlag : 0]!;
};

const made = Buffer.alloc(traceparentBytes);

export const newTraceparent = (sampled: boolean): string => {
  writeTraceparent(made, 0, sampled);
  return made.toString('latin1');
};

export const newSpanId = (): string => {
  const from = draw(8);
  return drawn.toString('hex', from, from + 8);
};

/** Random bytes are drawn for many ids at once: one draw costs as much as a thousand bytes of it. */
const drawn = Buffer.alloc(6 * 1024);
let used = drawn.length;

/** Where so many unused ones begin. */
const draw = (bytes: number): number => {
  if (used + bytes > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += bytes;
  return used - bytes;
};

const digits = Buffer.from('0123456789abcdef');
const dash = 0x2d;

const writeRandomHex = (into: Uint8Array, at: number, bytes: number): void => {
  const from = draw(bytes);
  for (let i = 0; i < bytes; i += 1) {
    const byte = drawn[from + i]!;
    into[at + 2 * i] = digits[byte >> 4]!;
    into[at + 2 * i + 1] = digits[byte & 0x0f]!;
  }
};
