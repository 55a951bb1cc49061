import { HeadRecord } from './head-record.js';

/** A request's head as offsets into the bytes scanned. -1: not there. */
export class RequestHead extends HeadRecord {
  /** First byte of the method: an empty line before it is passed over (RFC 9112 §2.2). */
  start = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  hostStart = -1;
  hostEnd = -1;
  requestIdStart = -1;
  requestIdEnd = -1;
  traceparentStart = -1;
  traceparentEnd = -1;
  priorityStart = -1;
  priorityEnd = -1;
  /** Major version 1; others are refused. */
  version1 = true;
  /** The target is a path with or without a query, of bytes that have one reading. */
  originForm = false;
  hasTenantHeader = false;
  /** What the fast engine leaves to the general path beside HTTP/1.0 and odd Connection values: Upgrade, Expect. */
  unusual = false;
  hosts = 0;

  reset(): void {
    this.clear();
    this.hostStart = this.requestIdStart = this.traceparentStart = this.priorityStart = -1;
    this.originForm = this.hasTenantHeader = this.unusual = false;
    this.version1 = true;
    this.hosts = 0;
  }
}
