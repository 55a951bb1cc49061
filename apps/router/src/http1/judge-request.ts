import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';
import { ScanResult } from './head-record.js';
import { type RequestHead } from './request-record.js';

const methodIs = (bytes: Uint8Array, head: RequestHead, method: string): boolean => {
  if (head.methodEnd - head.start !== method.length) return false;
  for (let i = 0; i < method.length; i += 1) if (bytes[head.start + i] !== method.charCodeAt(i)) return false;
  return true;
};

const framing = (head: RequestHead): ScanResult => {
  if (head.lengths > 1) return head.refuse(400, 'more than one Content-Length header');
  if (head.lengths === 1 && head.contentLength < 0) return head.refuse(400, 'Content-Length is not a plain number');
  if (head.encodings === 0) return ScanResult.Complete;
  if (head.http10) return head.refuse(400, 'Transfer-Encoding in HTTP/1.0');
  if (head.lengths > 0) return head.refuse(400, 'Transfer-Encoding and Content-Length together');
  if (head.encodings > 1 || !head.chunked) return head.refuse(501, 'only the transfer coding "chunked" is supported');
  return ScanResult.Complete;
};

/**
 * What is wrong with a request whose syntax is right: the rules of requestProblem, in its order, with its statuses and
 * reasons, so that the two paths answer alike. A test holds the two against each other.
 */
export const judgeRequest = (bytes: Uint8Array, head: RequestHead): ScanResult => {
  if (!head.version1) return head.refuse(505, 'only HTTP/1.0 and HTTP/1.1 are spoken here');
  if (methodIs(bytes, head, 'CONNECT')) return head.refuse(405, 'CONNECT is not allowed');
  if (methodIs(bytes, head, 'TRACE')) return head.refuse(405, 'TRACE is not allowed');
  if (head.fieldCount > headerCountMax) return head.refuse(431, `more than ${headerCountMax} headers`);
  if (!head.originForm) {
    return head.refuse(400, 'the request target must be a path; absolute-form, fragments and control characters are refused');
  }
  if (head.hosts > 1) return head.refuse(400, 'more than one Host header');
  if (head.hosts === 0 && !head.http10) return head.refuse(400, 'no Host header');
  return framing(head);
};
