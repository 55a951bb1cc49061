import { COLON, CR, equalsIgnoringCase, HTAB, LF, SP, tokenByte, valueByte } from './characters.js';
import { lengthDigitsMax, type HeadRecord } from './head-record.js';
import { skipVisible } from './visible-bytes.js';

/** Where the last field read lies. Module-wide and reused: the scanners are synchronous and not re-entrant. */
export const field = { nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0, next: 0 };

export const FieldScan = { Incomplete: 0, Field: 1, End: 2, Malformed: 3 } as const;
export type FieldScan = (typeof FieldScan)[keyof typeof FieldScan];

const isBlank = (code: number): boolean => code === SP || code === HTAB;

/**
 * Reads one field line, or the empty line, at `at`. Only CRLF ends a line, names are tokens that the colon follows at
 * once, and a line that begins with a blank (obs-fold) is malformed: nothing here has two readings (RFC 9112 §2.2, §5).
 */
export const readField = (bytes: Uint8Array, at: number, to: number): FieldScan => {
  if (at >= to) return FieldScan.Incomplete;
  let i = at;
  let code = bytes[i]!;
  if (code === CR) {
    if (i + 1 >= to) return FieldScan.Incomplete;
    if (bytes[i + 1] !== LF) return FieldScan.Malformed;
    field.next = i + 2;
    return FieldScan.End;
  }
  while (tokenByte[code] === 1) {
    if ((i += 1) >= to) return FieldScan.Incomplete;
    code = bytes[i]!;
  }
  if (code !== COLON || i === at) return FieldScan.Malformed;
  field.nameStart = at;
  field.nameEnd = i;
  do {
    if ((i += 1) >= to) return FieldScan.Incomplete;
    code = bytes[i]!;
  } while (isBlank(code));
  field.valueStart = i;
  i = skipVisible(bytes, i, to);
  if (i >= to) return FieldScan.Incomplete;
  code = bytes[i]!;
  while (valueByte[code] === 1) {
    if ((i += 1) >= to) return FieldScan.Incomplete;
    code = bytes[i]!;
  }
  if (code !== CR) return FieldScan.Malformed;
  if (i + 1 >= to) return FieldScan.Incomplete;
  if (bytes[i + 1] !== LF) return FieldScan.Malformed;
  field.next = i + 2;
  while (i > field.valueStart && isBlank(bytes[i - 1]!)) i -= 1;
  field.valueEnd = i;
  return FieldScan.Field;
};

/** Whether the value of the last field is `literal` (lower case) in any letter case. */
const valueIs = (bytes: Uint8Array, literal: string): boolean =>
  field.valueEnd - field.valueStart === literal.length && equalsIgnoringCase(bytes, field.valueStart, literal);

/** Decimal digits only, without sign, list or leading zeros that somebody could read as octal; -1 for anything else. */
const lengthValue = (bytes: Uint8Array): number => {
  const { valueStart, valueEnd } = field;
  const digits = valueEnd - valueStart;
  if (digits === 0 || digits > lengthDigitsMax) return -1;
  let value = 0;
  for (let i = valueStart; i < valueEnd; i += 1) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
};

/** Takes note of a Content-Length field; true: it may be passed on as it stands ("007" is written anew). */
export const noteLength = (bytes: Uint8Array, head: HeadRecord): boolean => {
  head.lengths += 1;
  head.contentLength = lengthValue(bytes);
  return bytes[field.valueStart] !== 0x30 || field.valueEnd - field.valueStart === 1;
};

/** Takes note of a Transfer-Encoding field. */
export const noteEncoding = (bytes: Uint8Array, head: HeadRecord): void => {
  head.encodings += 1;
  head.chunked = valueIs(bytes, 'chunked');
};

/** Takes note of a Connection field: it is never passed on, and only its two usual values are understood here. */
export const noteConnection = (bytes: Uint8Array, head: HeadRecord): void => {
  if (valueIs(bytes, 'close')) head.close = true;
  else if (!valueIs(bytes, 'keep-alive')) head.oddConnection = true;
};
