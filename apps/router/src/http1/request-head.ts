import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';
import { requestHeadBytesMax } from '../client-bounds.js';
import { CR, LF } from './characters.js';
import { FieldKind, fieldKind } from './field-kinds.js';
import { fieldLines } from './field-lines.js';
import { field, FieldScan, noteConnection, noteEncoding, noteLength, readField } from './fields.js';
import { ScanResult } from './head-record.js';
import { judgeRequest } from './judge-request.js';
import { malformedRequest, scanRequestLine } from './request-line.js';
import { type RequestHead } from './request-record.js';

const tooLarge = 'the head of the request is too large';

/**
 * Scans the head that begins at `from`, in one pass, strictly: what two servers could read in two ways is refused, with the
 * status and reason of the general path. Allocates nothing; `head` holds what was found, as far as the scan came.
 */
export const scanRequestHead = (bytes: Uint8Array, from: number, to: number, head: RequestHead): ScanResult => {
  head.reset();
  const result = scan(bytes, from, to, head);
  if (result === ScanResult.Refused) return result;
  // Complete ones too: a limit on incomplete heads only is passed by whatever arrives in one piece.
  const size = (result === ScanResult.Complete ? head.end : to) - from;
  return size > requestHeadBytesMax ? head.refuse(431, tooLarge) : result;
};

const scan = (bytes: Uint8Array, from: number, to: number, head: RequestHead): ScanResult => {
  let at = from;
  if (at >= to) return ScanResult.Incomplete;
  // One empty line before a request is passed over (RFC 9112 §2.2): old clients send one behind a body.
  if (bytes[at] === CR) {
    if (at + 1 >= to) return ScanResult.Incomplete;
    if (bytes[at + 1] !== LF) return head.refuse(400, malformedRequest);
    at += 2;
  }
  if (at >= to) return ScanResult.Incomplete;
  const line = scanRequestLine(bytes, at, to, head);
  return line === ScanResult.Complete ? scanFields(bytes, to, head) : line;
};

const scanFields = (bytes: Uint8Array, to: number, head: RequestHead): ScanResult => {
  if (fieldLines.takeInto(bytes, to, head, take)) return judgeRequest(bytes, head);
  let at = head.fieldsStart;
  for (;;) {
    const found = readField(bytes, at, to);
    if (found === FieldScan.Incomplete) return ScanResult.Incomplete;
    if (found === FieldScan.Malformed) return head.refuse(400, malformedRequest);
    if (found === FieldScan.End) break;
    head.fieldCount += 1;
    // Judged at once: there is no room to note more cuts.
    if (head.fieldCount > headerCountMax) return judgeRequest(bytes, head);
    const kind = fieldKind(bytes, field.nameStart, field.nameEnd);
    if (kind !== FieldKind.Plain) take(kind, bytes, at, head);
    at = field.next;
  }
  head.fieldsEnd = at;
  head.end = field.next;
  return judgeRequest(bytes, head);
};

const take = (kind: FieldKind, bytes: Uint8Array, lineStart: number, head: RequestHead): void => {
  switch (kind) {
    case FieldKind.Host:
      head.hosts += 1;
      head.hostStart = field.valueStart;
      head.hostEnd = field.valueEnd;
      return;
    case FieldKind.Tenant:
      head.hasTenantHeader = true;
      return;
    case FieldKind.Priority:
      head.priorityStart = field.valueStart;
      head.priorityEnd = field.valueEnd;
      return;
    case FieldKind.ContentLength:
      if (noteLength(bytes, head)) return;
      head.lengthWasCut = true;
      break;
    case FieldKind.TransferEncoding:
      noteEncoding(bytes, head);
      break;
    case FieldKind.Connection:
      noteConnection(bytes, head);
      break;
    case FieldKind.Upgrade:
    case FieldKind.Expect:
      head.unusual = true;
      break;
    case FieldKind.RequestId:
      noteRequestId(head);
      break;
    case FieldKind.Traceparent:
      noteTraceparent(head);
      break;
    default:
      break;
  }
  head.cut(lineStart, field.next);
};

/** -2: said more than once, which is said by nobody who means it. */
const noteRequestId = (head: RequestHead): void => {
  head.requestIdStart = head.requestIdStart === -1 ? field.valueStart : -2;
  head.requestIdEnd = field.valueEnd;
};

const noteTraceparent = (head: RequestHead): void => {
  head.traceparentStart = head.traceparentStart === -1 ? field.valueStart : -2;
  head.traceparentEnd = field.valueEnd;
};
