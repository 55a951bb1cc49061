import type { IdentificationOf } from '../identification/identification.js';
import { headerValues } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { latin1 } from '../http1/characters.js';
import { keptText, rawHeadersOf } from '../http1/rebuild-head.js';
import type { RequestHead } from '../http1/request-record.js';
import { tenantHeaderOfClients, type TokenFacts } from '../pipeline/identify.js';
import type { Trace } from '../observe/ended-request.js';
import type { Traces } from '../observe/traces.js';
import { hostHash } from './host-table.js';
import { Marks } from './marks.js';
import { textOf, type Route } from './route-cache.js';
import type { LaneRequest } from './upstream-lane.js';

const noTenantHeaders: readonly string[] = [];
/** A method that usually has a body says that this one is empty (RFC 9110 §8.6). */
const saysEmpty = new Set(['POST', 'PUT', 'PATCH']);
const letterP = 0x50;
const underscore = 0x5f;

/** What is kept of a request once its bytes are gone: enough to decide on it again and to send it again. */
export class RequestFacts {
  /** What it was taken from, until letGo(), and where the host is in it. */
  private lent: Buffer | null = null;
  private lentHostAt = 0;
  private hostAt = 0;
  private hostLength = 0;
  /** As HostTable asks for it. */
  hostHash = 0;
  tenantHeaders: readonly string[] = noTenantHeaders;
  priority: string | undefined;
  /** A rule of its own says where its tenant stands. */
  isRuled = false;
  token: TokenFacts | undefined;
  /** Its token is being checked: this path waits for nobody. */
  isUnchecked = false;
  /** As LaneRequest. */
  bodyBytes = 0;
  private hasLengthField = false;
  /** Request line and fields, as they came. */
  private text = '';
  /** Those that are passed on. */
  private kept = '';
  private lineLength = 0;
  private methodLength = 0;
  private targetAt = 0;
  private targetEnd = 0;

  readonly marks: Marks;

  constructor(traces: Traces) {
    this.marks = new Marks(traces);
  }

  /** All texts are parts of one: making a text of bytes costs a call into Node, taking a part of a text does not. Those that few requests are asked for are made then. */
  take(bytes: Buffer, head: RequestHead, identification: IdentificationOf | undefined): void {
    const { start } = head;
    const text = latin1(bytes, start, head.fieldsEnd);
    this.text = text;
    this.methodLength = head.methodEnd - start;
    this.targetAt = head.targetStart - start;
    this.targetEnd = head.targetEnd - start;
    this.lent = bytes;
    this.lentHostAt = head.hostStart;
    this.hostAt = head.hosts === 0 ? 0 : head.hostStart - start;
    this.hostLength = head.hosts === 0 ? 0 : head.hostEnd - head.hostStart;
    this.hostHash = head.hosts === 0 ? 0 : hostHash(bytes, head.hostStart, head.hostEnd);
    this.tenantHeaders = head.hasTenantHeader ? headerValues(rawHeadersOf(bytes, head), tenantHeaderOfClients) : noTenantHeaders;
    this.marks.begin(
      head.requestIdStart < 0 ? undefined : text.slice(head.requestIdStart - start, head.requestIdEnd - start),
      head.traceparentStart < 0 ? undefined : text.slice(head.traceparentStart - start, head.traceparentEnd - start),
    );
    this.priority = head.priorityStart < 0 ? undefined : text.slice(head.priorityStart - start, head.priorityEnd - start);
    this.bodyBytes = head.chunked ? -1 : Math.max(head.contentLength, 0);
    this.hasLengthField = head.lengths > 0 && !head.lengthWasCut;
    this.lineLength = head.fieldsStart - start;
    this.kept = keptText(text, start, head);
    this.isRuled = identification?.concerns(this.host, this.target) === true;
    const token = this.isRuled ? identification?.facts(this.host, this.target, () => rawHeadersOf(bytes, head)) : undefined;
    this.isUnchecked = token instanceof Promise;
    this.token = token instanceof Promise ? undefined : token;
  }

  /** Of the Host header, as it came; "" without one. */
  get host(): string {
    return this.text.slice(this.hostAt, this.hostAt + this.hostLength);
  }

  isHost(host: string): boolean {
    const { lent, lentHostAt } = this;
    if (host.length !== this.hostLength) return false;
    if (lent === null) return this.text.startsWith(host, this.hostAt);
    for (let i = 0; i < host.length; i += 1) if (lent[lentHostAt + i] !== host.charCodeAt(i)) return false;
    return true;
  }

  /** The bytes that it was taken from are good no more. */
  letGo(): void {
    this.lent = null;
  }

  get method(): string {
    return this.text.slice(0, this.methodLength);
  }

  get target(): string {
    return this.text.slice(this.targetAt, this.targetEnd);
  }

  /** Underscores begin the platform's own paths, which are decided on by path. */
  get mayBeOwnPath(): boolean {
    return this.text.charCodeAt(this.targetAt + 1) === underscore;
  }

  get isHead(): boolean {
    return this.methodLength === 4 && this.text.startsWith('HEAD');
  }

  private get saysEmpty(): boolean {
    return this.text.charCodeAt(0) === letterP && saysEmpty.has(this.method);
  }

  get requestId(): string {
    return this.marks.requestId;
  }

  get trace(): Trace {
    return this.marks.trace;
  }

  /** The request for a lane, by a route: never with an epoch that was decided earlier (I4). `client`: clientText. */
  laneRequest(route: Route, client: string, fresh: boolean): LaneRequest {
    const { decision } = route;
    // The target was checked to have one reading, so that its line passes as it came.
    const line = decision.prefix === '' ? '' : `${this.method} ${decision.path} HTTP/1.1\r\n`;
    const kept = line === '' ? this.kept : line + this.kept.slice(this.lineLength);
    const isEmpty = this.bodyBytes === 0 && !this.hasLengthField && this.saysEmpty;
    const told = isEmpty ? `content-length: 0\r\n${textOf(route)}` : textOf(route);
    const head = [kept, told, this.marks.lines, client];
    const { tenant, epoch } = decision;
    return { head, tenant, epoch, isHead: this.isHead, bodyBytes: this.bodyBytes, hasLengthField: this.hasLengthField, fresh };
  }
}
