import { errorHeader } from '@lapidary/contracts/workload';
import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';
import { answerHeadBytesMax } from '@lapidary/stamp-sdk/forward/upstream-bounds';
import { CR, equalsIgnoringCase, LF, SP, valueByte } from './characters.js';
import { FieldKind, fieldKind } from './field-kinds.js';
import { fieldLines } from './field-lines.js';
import { field, FieldScan, noteConnection, noteEncoding, noteLength, readField } from './fields.js';
import { HeadRecord, ScanResult } from './head-record.js';

/** An answer's head as offsets into the bytes scanned. `status` is the answer's own unless the scan refused it. */
export class ResponseHead extends HeadRecord {
  /** Where the status code begins: what is before it is the version. */
  statusStart = 0;
  /** Seconds that the sender keeps the connection idle (`Keep-Alive: timeout=…`), or -1. */
  keepAliveSeconds = -1;
  /** Value of x-lapidary-error, which only an agent may set; -1: not there. */
  agentErrorStart = -1;
  agentErrorEnd = -1;

  reset(): void {
    this.clear();
    this.keepAliveSeconds = this.agentErrorStart = -1;
  }
}

/** Status of the record where the scan refuses: whoever sent this is a bad gateway to us. */
const badAnswer = 502;

/** "HTTP/1.1 200" */
const statusLineBytes = 12;

/** Scans an answer's head that begins at `from`, as strictly as a request's. Allocates nothing. */
export const scanResponseHead = (bytes: Uint8Array, from: number, to: number, head: ResponseHead): ScanResult => {
  head.reset();
  const line = scanStatusLine(bytes, from, to, head);
  const result = line === ScanResult.Complete ? scanFields(bytes, to, head) : line;
  if (result === ScanResult.Refused) return result;
  const size = (result === ScanResult.Complete ? head.end : to) - from;
  return size > answerHeadBytesMax ? head.refuse(badAnswer, 'its head is too large') : result;
};

const fitsStatusLine = (code: number, position: number): boolean => {
  if (position === 7) return code === 0x30 || code === 0x31;
  if (position === 9) return code >= 0x31 && code <= 0x39;
  if (position > 9) return code >= 0x30 && code <= 0x39;
  return code === 'HTTP/1.x '.charCodeAt(position);
};

const scanStatusLine = (bytes: Uint8Array, from: number, to: number, head: ResponseHead): ScanResult => {
  const known = Math.min(to - from, statusLineBytes);
  for (let i = 0; i < known; i += 1)
    if (!fitsStatusLine(bytes[from + i]!, i)) return head.refuse(badAnswer, 'its status line is malformed');
  if (to - from <= statusLineBytes) return ScanResult.Incomplete;
  head.http10 = bytes[from + 7] === 0x30;
  head.statusStart = from + 9;
  head.status = (bytes[from + 9]! - 0x30) * 100 + (bytes[from + 10]! - 0x30) * 10 + (bytes[from + 11]! - 0x30);
  let i = from + statusLineBytes;
  if (bytes[i] !== SP && bytes[i] !== CR) return head.refuse(badAnswer, 'its status line is malformed');
  while (i < to && valueByte[bytes[i]!] === 1) i += 1;
  if (i + 1 >= to) return i < to && bytes[i] !== CR ? head.refuse(badAnswer, 'its status line is malformed') : ScanResult.Incomplete;
  if (bytes[i] !== CR || bytes[i + 1] !== LF) return head.refuse(badAnswer, 'its status line is malformed');
  head.fieldsStart = i + 2;
  return ScanResult.Complete;
};

const scanFields = (bytes: Uint8Array, to: number, head: ResponseHead): ScanResult => {
  if (fieldLines.takeInto(bytes, to, head, take)) return judge(head);
  let at = head.fieldsStart;
  for (;;) {
    const found = readField(bytes, at, to);
    if (found === FieldScan.Incomplete) return ScanResult.Incomplete;
    if (found === FieldScan.Malformed) return head.refuse(badAnswer, 'its head is malformed');
    if (found === FieldScan.End) break;
    head.fieldCount += 1;
    if (head.fieldCount > headerCountMax) return head.refuse(badAnswer, `it has more than ${headerCountMax} headers`);
    const kind = fieldKind(bytes, field.nameStart, field.nameEnd);
    if (kind !== FieldKind.Plain) take(kind, bytes, at, head);
    at = field.next;
  }
  head.fieldsEnd = at;
  head.end = field.next;
  return judge(head);
};

/** Two readings of an answer's length would mix up the answers of two clients. */
const judge = (head: ResponseHead): ScanResult => {
  if (head.lengths > 1) return head.refuse(badAnswer, 'it has two lengths');
  if (head.lengths === 1 && head.contentLength < 0) return head.refuse(badAnswer, 'its length is not a plain number');
  if (head.encodings === 0) return ScanResult.Complete;
  if (head.lengths > 0) return head.refuse(badAnswer, 'it has a length beside chunks');
  if (head.http10) return head.refuse(badAnswer, 'it has a transfer coding in HTTP/1.0');
  return head.encodings > 1 || !head.chunked ? head.refuse(badAnswer, 'its transfer coding is not "chunked"') : ScanResult.Complete;
};

const take = (kind: FieldKind, bytes: Uint8Array, lineStart: number, head: ResponseHead): void => {
  switch (kind) {
    case FieldKind.ContentLength:
      if (noteLength(bytes, head) && head.status !== 204) return;
      head.lengthWasCut = true;
      break;
    case FieldKind.TransferEncoding:
      noteEncoding(bytes, head);
      break;
    case FieldKind.Connection:
      noteConnection(bytes, head);
      break;
    case FieldKind.KeepAlive:
      head.keepAliveSeconds = keepAliveSeconds(bytes);
      break;
    case FieldKind.Internal:
      if (field.nameEnd - field.nameStart !== errorHeader.length || !equalsIgnoringCase(bytes, field.nameStart, errorHeader)) return;
      head.agentErrorStart = field.valueStart;
      head.agentErrorEnd = field.valueEnd;
      return;
    case FieldKind.HopByHop:
    case FieldKind.Upgrade:
    case FieldKind.Expect:
    case FieldKind.RequestId:
      break;
    default:
      // What is meant for us in a request (host, x-forwarded-…) is an end-to-end field in an answer.
      return;
  }
  head.cut(lineStart, field.next);
};

const timeoutParameter = 'timeout=';

const keepAliveSeconds = (bytes: Uint8Array): number => {
  for (let at = field.valueStart; at + timeoutParameter.length < field.valueEnd; at += 1) {
    if (!equalsIgnoringCase(bytes, at, timeoutParameter)) continue;
    let seconds = 0;
    for (let i = at + timeoutParameter.length; i < field.valueEnd; i += 1) {
      const digit = bytes[i]! - 0x30;
      if (digit < 0 || digit > 9 || seconds > 100_000) break;
      seconds = seconds * 10 + digit;
    }
    return seconds;
  }
  return -1;
};
