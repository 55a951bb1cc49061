import { requestIdHeader } from '@lapidary/contracts/workload';
import { newId } from '@lapidary/kernel/ids';
import { traceparentBytes, writeTraceparent } from '@lapidary/telemetry/tracing/traceparent';
import { latin1 } from './http1/characters.js';

/** Ids that others send are kept for correlation where they can't break logs or headers. */
const requestIdPattern = /^[A-Za-z0-9._-]{8,128}$/;

/** Of one thread: at a million requests a second enough for three years. */
const countDigits = 9;

/**
 * Both marks as lines of a head, made anew in place for each request that comes without: one text for both costs a third of two. The id is
 * unique, and no secret: chance is drawn once for all of them (a ULID for each was a twelfth of what a request costs).
 */
const lines = Buffer.from(
  `${requestIdHeader}: ${newId()}-${'0'.repeat(countDigits)}\r\ntraceparent: ${'0'.repeat(traceparentBytes)}\r\n`,
  'latin1',
);
const idAt = requestIdHeader.length + ': '.length;
const traceAt = lines.length - '\r\n'.length - traceparentBytes;
const idLineEnd = lines.indexOf('\n') + 1;
const idEnd = idLineEnd - '\r\n'.length;

/** Where the parts of newMarks lie. */
export const marksPlaces = { idAt, idEnd, idLineEnd, traceAt, traceEnd: traceAt + traceparentBytes } as const;

const [zero, nine, a, z] = [0x30, 0x39, 0x61, 0x7a] as const;

/** The next number, in base 36. */
const count = (): void => {
  let at = idEnd - 1;
  for (; lines[at] === z; at -= 1) lines[at] = zero;
  lines[at] = lines[at] === nine ? a : lines[at]! + 1;
};

/** The lines `x-request-id: …` and `traceparent: …` of a request that has neither. */
export const newMarks = (sampled: boolean): string => {
  count();
  writeTraceparent(lines, traceAt, sampled);
  return latin1(lines, 0, lines.length);
};

const newRequestId = (): string => {
  count();
  return latin1(lines, idAt, idEnd);
};

export const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newRequestId();
