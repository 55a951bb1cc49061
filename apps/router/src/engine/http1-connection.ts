import { Interims } from '@lapidary/stamp-sdk/forward/relay-interim';
import { answerHeadBytesMax } from '@lapidary/stamp-sdk/forward/upstream-bounds';
import { BodyReader, chunkedLength, untilClose } from '../http1/body-reader.js';
import { ChunkStep } from '../http1/chunk-reader.js';
import { ScanResult } from '../http1/head-record.js';
import { PartialHead } from '../http1/partial-head.js';
import { ResponseHead, scanResponseHead } from '../http1/response-head.js';
import type { Wire, WireHandler } from '../transport/wire.js';
import { Deadline } from './deadline-wheel.js';
import type { Http1Pool } from './http1-pool.js';
import { Machine } from './machine.js';
import { RequestWriter } from './request-writer.js';
import type { Chunk, LaneExchange, LaneFailure, LaneRequest, LaneSink } from './upstream-lane.js';
import { upstreamTable } from './upstream-states.js';

/** One record for all connections: it is used up before the next read. */
const head = new ResponseHead();
const machine = new Machine(upstreamTable);
const { is, on } = machine;

/** What of an unwanted answer is read to keep its connection; more is dearer than a new connection. */
const unwantedBytesMax = 64 * 1024;
const unwantedMs = 1_000;

/** One pooled connection (U1–U5). It is the LaneExchange of the request it carries. */
export class Http1Connection implements WireHandler, LaneExchange {
  private state = machine.initial;
  private sink: LaneSink | null;
  private request: LaneRequest;
  private readonly wire: Wire;
  private readonly writer: RequestWriter;
  private readonly body = new BodyReader();
  private readonly partial = new PartialHead();
  private readonly interims = new Interims();
  private readonly deadline = new Deadline(() => this.expired());
  private reused = false;
  private keeps = false;
  private keepsMs = 0;
  private status = 0;
  private unwantedBytes = 0;

  constructor(
    private readonly lane: Http1Pool<Http1Connection>,
    request: LaneRequest,
    sink: LaneSink,
  ) {
    this.sink = sink;
    this.request = request;
    this.wire = lane.connect(this);
    this.writer = new RequestWriter(this.wire);
    this.writer.begin(request);
    lane.wheel.arm(this.deadline, lane.limits.connectMs);
  }

  /** Takes an idle connection for a request. */
  begin(request: LaneRequest, sink: LaneSink): void {
    this.move(on.send);
    this.sink = sink;
    this.request = request;
    this.reused = true;
    this.interims.again();
    this.writer.begin(request);
    this.writer.start();
  }

  get isOpen(): boolean {
    return this.state === is.waiting || this.state === is.answering;
  }

  write(chunk: Chunk): boolean {
    return this.writer.write(chunk);
  }

  flush(): void {
    this.writer.flush();
  }

  end(): void {
    this.writer.finish();
  }

  pause(): void {
    this.wire.pauseReads();
  }

  resume(): void {
    this.wire.resumeReads();
  }

  cancel(quietly = false): void {
    this.sink = null;
    if (!quietly || this.state !== is.answering || !this.writer.isWhole) return this.close();
    this.move(on.cancel_quietly);
    this.unwantedBytes = 0;
    this.lane.wheel.arm(this.deadline, unwantedMs);
    this.wire.resumeReads();
  }

  close(): void {
    if (this.state === is.closed) return;
    this.move(on.close);
    this.lane.wheel.disarm(this.deadline);
    this.lane.forget(this);
    this.wire.destroy();
  }

  onConnect(): void {
    this.move(on.connected);
    this.writer.start();
    this.sink?.onWritable();
  }

  onDrain(): void {
    if (this.isOpen) this.sink?.onWritable();
  }

  onRead(bytes: Buffer, length: number): void {
    // U3: nobody asked for these bytes, and they must not become the next request's answer.
    if (this.state === is.idle) return this.close();
    if (this.partial.isEmpty) this.take(bytes, 0, length);
    else if (this.partial.add(bytes, 0, length, answerHeadBytesMax)) {
      const all = this.partial.take();
      this.take(all, 0, all.length);
    }
  }

  onEnd(): void {
    if (this.body.endsWithConnection && (this.state === is.answering || this.state === is.unwanted)) return this.done();
    this.fail('reset', 'it closed the connection');
  }

  onClose(error: string | null): void {
    this.fail('reset', error ?? 'it closed the connection');
  }

  private take(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (this.state === is.waiting) {
      const result = scanResponseHead(bytes, at, to, head);
      if (result === ScanResult.Incomplete) {
        this.partial.add(bytes, at, to, answerHeadBytesMax);
        return;
      }
      if (result === ScanResult.Refused) return this.fail('bad_answer', head.reason);
      at = head.end;
      // Never asked for; it would turn the connection into something that we don't speak.
      if (head.status === 101) return this.fail('bad_answer', 'it switched protocols unasked');
      if (head.status >= 200) this.beginAnswer(bytes);
      else if (this.interims.pass()) this.sink?.onInterim(bytes, head);
    }
    this.takeBody(bytes, at, to);
  }

  private beginAnswer(bytes: Buffer): void {
    this.move(on.head);
    this.status = head.status;
    this.keeps = !head.close && !head.http10 && !head.oddConnection;
    this.keepsMs = head.keepAliveSeconds < 0 ? Infinity : (head.keepAliveSeconds - 1) * 1000;
    const none = this.request.isHead || head.status === 204 || head.status === 304;
    this.body.begin(none ? 0 : head.chunked ? chunkedLength : head.lengths > 0 ? head.contentLength : untilClose);
    this.sink?.onHead(bytes, head);
  }

  private takeBody(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (!this.body.isWhole) {
      const step = this.body.read(bytes, at, to);
      if (step === ChunkStep.Bad) return this.fail('bad_answer', this.body.reason);
      if (step === ChunkStep.Data) this.tell(bytes);
      if (this.state === is.closed) return;
      at = this.body.at;
      if (step === ChunkStep.More || (at >= to && !this.body.isWhole)) return this.sink?.onReadDone();
    }
    // U2: a byte behind the answer means that one of us two is wrong about where it ends.
    if (at < to) this.keeps = false;
    this.done();
  }

  private tell(bytes: Buffer): void {
    const { dataStart, dataEnd } = this.body;
    if (this.state === is.answering) return this.sink?.onBody(bytes, dataStart, dataEnd);
    this.unwantedBytes += dataEnd - dataStart;
    if (this.unwantedBytes > unwantedBytesMax) this.close();
  }

  /** The answer is whole. Back to the pool first: the sink may go on with its next request at once. */
  private done(): void {
    const { sink } = this;
    this.sink = null;
    if (this.keeps && this.keepsMs > 0 && this.writer.isWhole && !this.body.endsWithConnection) this.keep();
    else this.close();
    sink?.onEnd();
  }

  private keep(): void {
    this.move(on.done);
    this.wire.resumeReads();
    this.lane.wheel.arm(this.deadline, Math.min(this.keepsMs, this.lane.limits.idleMs));
    this.lane.keep(this);
  }

  /** U4: told once, by how far the exchange had come. */
  private fail(reason: 'reset' | 'bad_answer', detail: string): void {
    const { sink, state } = this;
    this.sink = null;
    if (state === is.closed) return;
    this.close();
    sink?.onFailed(this.failureIn(state, reason, detail));
  }

  private failureIn(state: number, reason: 'reset' | 'bad_answer', detail: string): LaneFailure {
    if (state === is.connecting) return { kind: 'unreachable', reason: detail };
    if (state === is.answering) return { kind: 'cut', status: this.status, reason: detail };
    return { kind: 'no_answer', reason, detail, reusedSocket: this.reused };
  }

  private expired(): void {
    if (this.state === is.connecting) this.fail('reset', 'connect_timeout');
    else if (this.state === is.idle || this.state === is.unwanted) this.close();
  }

  private move(event: number): void {
    this.state = machine.step(this.state, event);
  }
}
