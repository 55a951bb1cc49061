import { headerValues } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { latin1 } from '../http1/characters.js';
import { keptFields, rawHeadersOf } from '../http1/rebuild-head.js';
import type { RequestHead } from '../http1/request-record.js';
import { tenantHeaderOfClients } from '../pipeline/identify.js';
import type { Trace } from '../observe/ended-request.js';
import type { Traces } from '../observe/traces.js';
import { requestIdOf } from '../request-marks.js';
import { marksText } from './request-text.js';
import type { Route } from './route-cache.js';
import type { LaneRequest } from './upstream-lane.js';

const noTenantHeaders: readonly string[] = [];
/** A method that usually has a body says that this one is empty (RFC 9110 §8.6). */
const saysEmpty = new Set(['POST', 'PUT', 'PATCH']);

/** What is kept of a request once its bytes are gone: enough to decide on it again and to send it again. */
export class RequestFacts {
  method = '';
  target = '';
  host = '';
  tenantHeaders: readonly string[] = noTenantHeaders;
  requestId = '';
  trace: Trace = { sent: '', toStamp: '' };
  priority: string | undefined;
  /** As LaneRequest. */
  bodyBytes = 0;
  private hasLengthField = false;
  private fields = '';

  constructor(private readonly traces: Traces) {}

  take(bytes: Buffer, head: RequestHead): void {
    this.method = latin1(bytes, head.start, head.methodEnd);
    this.target = latin1(bytes, head.targetStart, head.targetEnd);
    this.host = head.hosts === 0 ? '' : latin1(bytes, head.hostStart, head.hostEnd);
    this.tenantHeaders = head.hasTenantHeader ? headerValues(rawHeadersOf(bytes, head), tenantHeaderOfClients) : noTenantHeaders;
    this.requestId = requestIdOf(head.requestIdStart < 0 ? undefined : latin1(bytes, head.requestIdStart, head.requestIdEnd));
    this.trace = this.traces.begin(head.traceparentStart < 0 ? undefined : latin1(bytes, head.traceparentStart, head.traceparentEnd));
    this.priority = head.priorityStart < 0 ? undefined : latin1(bytes, head.priorityStart, head.priorityEnd);
    this.bodyBytes = head.chunked ? -1 : Math.max(head.contentLength, 0);
    this.hasLengthField = head.lengths > 0 && !head.lengthWasCut;
    this.fields = keptFields(bytes, head);
  }

  get isHead(): boolean {
    return this.method === 'HEAD';
  }

  /** The request for a lane, by a route: never with an epoch that was decided earlier (I4). */
  laneRequest({ decision, text }: Route, remoteAddress: string, fresh: boolean): LaneRequest {
    const path = decision.prefix === '' ? this.target : decision.path;
    const empty = this.bodyBytes === 0 && !this.hasLengthField && saysEmpty.has(this.method) ? 'content-length: 0\r\n' : '';
    const head = `${this.method} ${path} HTTP/1.1\r\n${this.fields}${empty}${text}${marksText(this.requestId, this.trace.toStamp, remoteAddress)}`;
    const { tenant, epoch } = decision;
    return { head, tenant, epoch, isHead: this.isHead, bodyBytes: this.bodyBytes, hasLengthField: this.hasLengthField, fresh };
  }
}
