import { CR, LF, pathByte, queryByte, SP, tokenByte } from './characters.js';
import { ScanResult } from './head-record.js';
import { type RequestHead } from './request-record.js';

export const malformedRequest = 'the request is not valid HTTP/1.1';

const QUESTION = 0x3f;
const SLASH = 0x2f;
const NINE = 0x39;
const ZERO = 0x30;

/** "HTTP/1.1\r\n" */
const versionBytes = 10;

/** Scans "method SP target SP HTTP/d.d CRLF" with one space each; the target's form is judged by `judgeRequest`. */
export const scanRequestLine = (bytes: Uint8Array, from: number, to: number, head: RequestHead): ScanResult => {
  let i = from;
  while (i < to && tokenByte[bytes[i]!] === 1) i += 1;
  if (i >= to) return ScanResult.Incomplete;
  if (bytes[i] !== SP || i === from) return head.refuse(400, malformedRequest);
  head.start = from;
  head.methodEnd = i;
  return scanTarget(bytes, i + 1, to, head);
};

const scanTarget = (bytes: Uint8Array, from: number, to: number, head: RequestHead): ScanResult => {
  let i = from;
  let table = pathByte;
  head.targetStart = from;
  head.originForm = bytes[from] === SLASH;
  for (; i < to; i += 1) {
    const code = bytes[i]!;
    if (table[code] === 1) continue;
    if (code <= SP || code === 0x7f) break;
    // The first "?" begins the query; in the query's table it is a byte like others.
    if (code === QUESTION) table = queryByte;
    else head.originForm = false;
  }
  if (i >= to) return ScanResult.Incomplete;
  if (bytes[i] !== SP || i === from) return head.refuse(400, malformedRequest);
  head.targetEnd = i;
  return scanVersion(bytes, i + 1, to, head);
};

const version = 'HTTP/';

const fitsVersion = (code: number, position: number): boolean => {
  if (position < version.length) return code === version.charCodeAt(position);
  if (position === 6) return code === 0x2e;
  if (position === 8) return code === CR;
  return position === 9 ? code === LF : code >= ZERO && code <= NINE;
};

const scanVersion = (bytes: Uint8Array, at: number, to: number, head: RequestHead): ScanResult => {
  const known = Math.min(to - at, versionBytes);
  for (let i = 0; i < known; i += 1) if (!fitsVersion(bytes[at + i]!, i)) return head.refuse(400, malformedRequest);
  if (known < versionBytes) return ScanResult.Incomplete;
  const major = bytes[at + 5]! - ZERO;
  const minor = bytes[at + 7]! - ZERO;
  if (major === 1 && minor > 1) return head.refuse(400, malformedRequest);
  head.version1 = major === 1;
  head.http10 = major === 1 && minor === 0;
  head.fieldsStart = at + versionBytes;
  return ScanResult.Complete;
};
