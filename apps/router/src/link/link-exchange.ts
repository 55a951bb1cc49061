import { Interims } from '@lapidary/stamp-sdk/forward/relay-interim';
import type { LinkFault, ResetReason } from '@lapidary/stamp-sdk/link/frames';
import type { LinkStream, LostVerdict } from '@lapidary/stamp-sdk/link/link-stream';
import { headEnd } from '../engine/request-text.js';
import type { Chunk, LaneExchange, LaneFailure, LaneRequest, LaneSink, UpstreamLane } from '../engine/upstream-lane.js';
import { ScanResult } from '../http1/head-record.js';
import { ResponseHead, scanResponseHead } from '../http1/response-head.js';
import type { LinkConnection, LinkListener } from '@lapidary/stamp-sdk/link/link-connection';

/** One record for all exchanges: it is used up before the next frame. */
const head = new ResponseHead();

/** Of an answer without a length. */
const untilEnd = -1;

/** One request of the engine on a stream of a link. */
export class LinkExchange implements LaneExchange, LinkListener {
  private stream: LinkStream | null = null;
  private sink: LaneSink | null;
  /** Where the request went instead, after an agent had refused it untouched. */
  private instead: LaneExchange | null = null;
  private status = 0;
  private leftBytes = untilEnd;
  private isPaused = false;
  private heldBytes = 0;
  private isRead = true;
  private readonly interims = new Interims();

  constructor(
    private readonly link: LinkConnection,
    private readonly request: LaneRequest,
    sink: LaneSink,
    /** Plain HTTP/1.1 to the same front door. */
    private readonly plain: UpstreamLane,
  ) {
    this.sink = sink;
  }

  /** False: the link takes no request, or not this one. */
  begin(): boolean {
    const { tenant, epoch, head, bodyBytes } = this.request;
    this.stream = this.link.ask({ tenant, epoch, head, end: headEnd(this.request), isLast: bodyBytes === 0 }, this);
    return this.stream !== null;
  }

  get isOpen(): boolean {
    return this.instead?.isOpen ?? true;
  }

  write(chunk: Chunk): boolean {
    return this.instead ? this.instead.write(chunk) : this.stream!.write(chunk);
  }

  flush(): void {
    // The link writes at the end of the turn what everybody has to say.
    this.instead?.flush();
  }

  end(): void {
    if (this.instead) this.instead.end();
    else this.stream!.end();
  }

  /** What is under way still comes, a window at most; no more is asked for. */
  pause(): void {
    this.isPaused = true;
    this.instead?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.instead?.resume();
    const bytes = this.heldBytes;
    this.heldBytes = 0;
    if (bytes > 0) this.stream!.consumed(bytes);
  }

  cancel(quietly?: boolean): void {
    this.sink = null;
    if (this.instead) this.instead.cancel(quietly);
    else this.stream!.reset('cancelled');
  }

  interim(bytes: Buffer, start: number, end: number): void {
    const result = scanResponseHead(bytes, start, end, head);
    const isOne = result === ScanResult.Complete && head.end === end && head.status < 200 && head.status !== 101;
    if (!isOne) return this.broken('what it said before its answer is no interim answer');
    if (this.interims.pass()) this.sink?.onInterim(bytes, head);
  }

  head(bytes: Buffer, start: number, end: number): void {
    const result = scanResponseHead(bytes, start, end, head);
    if (result === ScanResult.Refused) return this.broken(head.reason);
    if (result !== ScanResult.Complete || head.end !== end) return this.broken('its head does not end where its frame does');
    if (head.status < 200 || head.chunked) return this.broken('its head is an interim answer’s, or has a transfer coding');
    this.status = head.status;
    const hasNone = this.request.isHead || head.status === 204 || head.status === 304;
    this.leftBytes = hasNone ? 0 : head.lengths > 0 ? head.contentLength : untilEnd;
    this.touch();
    this.sink?.onHead(bytes, head);
  }

  data(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.leftBytes !== untilEnd && (this.leftBytes -= length) < 0) return this.broken('its body is longer than its head said');
    this.touch();
    this.sink?.onBody(bytes, start, end);
    if (this.isPaused) this.heldBytes += length;
    else this.stream!.consumed(length);
  }

  ended(): void {
    if (this.leftBytes > 0) return this.broken('its body is shorter than its head said');
    const { sink } = this;
    this.sink = null;
    sink?.onEnd();
  }

  writable(): void {
    this.sink?.onWritable();
  }

  reset(reason: ResetReason): void {
    if (reason === 'refused' && this.status === 0) return this.untouched('the agent takes no more requests on this link');
    this.failed({ kind: 'no_answer', reason: 'reset', detail: 'the agent broke the stream off', reusedSocket: false });
  }

  /** L7: what is certain decides what may follow. */
  lost(fault: LinkFault, verdict: LostVerdict): void {
    if (verdict === 'not_sent') return this.untouched(`the link is gone: ${fault}`);
    this.failed({ kind: 'no_answer', reason: 'reset', detail: `the link is gone: ${fault}`, reusedSocket: true });
  }

  readDone(): void {
    this.isRead = true;
    this.sink?.onReadDone();
  }

  private touch(): void {
    if (!this.isRead) return;
    this.isRead = false;
    this.link.touch(this);
  }

  private broken(detail: string): void {
    this.stream!.reset('cancelled');
    this.failed({ kind: 'no_answer', reason: 'bad_answer', detail, reusedSocket: false });
  }

  /** Nobody has worked on it. Without a body it goes the plain way at once; a body that has left is the engine's to send again. */
  private untouched(detail: string): void {
    const { sink } = this;
    if (sink === null) return;
    if (this.request.bodyBytes === 0) {
      this.sink = null;
      this.instead = this.plain.send(this.request, sink);
    } else this.failed({ kind: 'no_answer', reason: 'reset', detail, reusedSocket: true, untouched: true });
  }

  private failed(failure: LaneFailure): void {
    const { sink } = this;
    this.sink = null;
    const reason = failure.kind === 'no_answer' ? failure.detail : failure.reason;
    sink?.onFailed(this.status === 0 ? failure : { kind: 'cut', status: this.status, reason });
  }
}
