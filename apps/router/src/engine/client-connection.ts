import { problemText, type ProblemAnswer } from '../answer-problem.js';
import { clientHeadMs, dropMs, keepAliveMs, requestHeadBytesMax } from '../client-bounds.js';
import { BodyReader, chunkedLength } from '../http1/body-reader.js';
import { ChunkStep } from '../http1/chunk-reader.js';
import { ScanResult } from '../http1/head-record.js';
import { PartialHead } from '../http1/partial-head.js';
import { scanRequestHead } from '../http1/request-head.js';
import { RequestHead } from '../http1/request-record.js';
import { lingerMs } from '../last-bytes.js';
import type { ClientFacts } from '../proxy-protocol/client-facts.js';
import type { Wire, WireHandler } from '../transport/wire.js';
import { badBody, badHead, lateHead } from './client-problems.js';
import type { ClientSide } from './client-side.js';
import { clientMachine } from './client-states.js';
import { ClientWriter } from './client-writer.js';
import { Deadline } from './deadline-wheel.js';
import type { EngineContext } from './engine-context.js';
import { Exchange } from './exchange.js';
import { Lingering } from './lingering.js';
import { clientText } from './request-text.js';

/** One record for all connections: an exchange takes what it needs before the next scan. */
const head = new RequestHead();
const { is, on } = clientMachine;

/** One client's connection (C1–C6): finds messages in its bytes, and lets one exchange at a time answer them. */
export class ClientConnection implements WireHandler, ClientSide {
  private state = clientMachine.initial;
  private readonly deadline = new Deadline(() => this.expired());
  private readonly partial = new PartialHead();
  private readonly body = new BodyReader();
  readonly writer: ClientWriter;
  readonly text: string;
  private readonly exchange: Exchange;
  /** Pipelined bytes behind the request under way, or behind answers that the client doesn't read. */
  private held: Buffer | null = null;
  private halfClosed = false;
  private consuming = false;
  /** This connection ends with the answer under way. */
  private closes = false;
  private lingering: Lingering | null = null;

  constructor(
    private readonly context: EngineContext,
    private readonly wire: Wire,
    proto: ClientFacts['proto'],
  ) {
    this.writer = new ClientWriter(wire);
    this.text = clientText(wire.remoteAddress, proto);
    this.exchange = new Exchange(context, this);
    context.clients.add(this);
    this.arm(clientHeadMs);
  }

  get willClose(): boolean {
    return this.closes || this.context.draining || (this.halfClosed && this.held === null);
  }

  /** Nothing of a request has come. */
  get isIdle(): boolean {
    return this.state === is.idle;
  }

  /** A part of a head has come, which counts as nothing in flight. */
  get hasBegun(): boolean {
    return this.state === is.head;
  }

  get unsentBytes(): number {
    return this.wire.unsentBytes;
  }

  arm(ms: number, latestMs?: number): void {
    this.context.wheel.arm(this.deadline, ms, latestMs);
  }

  pauseReads(): void {
    this.wire.pauseReads();
  }

  resumeReads(): void {
    if (this.held === null) this.wire.resumeReads();
  }

  onRead(bytes: Buffer, length: number): void {
    this.consume(bytes, 0, length);
  }

  /** Half-close is legal behind a whole request (C2): its answer is still wanted. In the middle of one it is the end of the client. */
  onEnd(): void {
    this.halfClosed = true;
    if (this.state !== is.answering) this.closeWhenSent();
  }

  onDrain(): void {
    this.exchange.onClientDrain();
    if (this.held !== null && this.isIdle) this.goOn();
  }

  onClose(): void {
    this.close();
  }

  answerProblem(answer: ProblemAnswer, isHead: boolean): void {
    if (answer.close === true) this.closes = true;
    this.writer.addUtf8(problemText({ ...answer, close: this.willClose }, isHead));
    if (answer.unread === true) this.linger(false);
    else this.answered(this.willClose);
  }

  answered(closes: boolean): void {
    this.writer.flush();
    if (closes) this.linger();
    else if (this.state === is.taking) {
      this.move(on.answered_early);
      this.arm(dropMs);
      this.wire.resumeReads();
    } else {
      this.move(on.answered);
      this.arm(keepAliveMs);
      if (!this.consuming) this.goOn();
    }
  }

  closeWhenSent(): void {
    if (this.wire.unsentBytes === 0) return this.close();
    if (this.state === is.lingering) return;
    this.exchange.clientGone();
    this.linger();
  }

  breakOff(): void {
    if (this.wire.unsentBytes === 0) this.close();
    else this.lingerFor(0);
  }

  giveUp(cause: 'stalled' | 'stopped'): void {
    if (this.wire.unsentBytes > 0) this.context.metrics.lapidary_router_clients_given_up_total.inc({ cause });
    this.close();
  }

  private close(): void {
    if (this.state === is.closed || this.state === is.handed_over) return;
    this.move(on.close);
    this.leave();
    this.exchange.clientGone();
    this.wire.destroy();
  }

  private consume(bytes: Buffer, from: number, to: number): void {
    this.consuming = true;
    this.run(bytes, from, to);
    this.consuming = false;
    if (this.state === is.taking) this.exchange.onClientReadDone();
  }

  private run(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.state === is.answering || (this.isIdle && this.wire.isCongested)) {
        this.held = Buffer.concat([...(this.held ? [this.held] : []), bytes.subarray(at, to)]);
        return this.wire.pauseReads();
      }
      switch (this.state) {
        case is.idle:
        case is.head:
          at = this.takeHead(bytes, at, to);
          break;
        case is.taking:
        case is.dropping:
          at = this.takeBody(bytes, at, to);
          break;
        case is.lingering:
          return this.lingering!.heard();
        default:
          return;
      }
    }
  }

  /** Offset of what is behind the head. */
  private takeHead(bytes: Buffer, from: number, to: number): number {
    if (this.partial.isEmpty) return this.scanHead(bytes, from, to);
    if (this.partial.add(bytes, from, to, requestHeadBytesMax)) {
      const all = this.partial.take();
      const end = this.scanHead(all, 0, all.length);
      this.run(all, end, all.length);
    }
    return to;
  }

  private scanHead(bytes: Buffer, from: number, to: number): number {
    const result = scanRequestHead(bytes, from, to, head);
    if (result === ScanResult.Incomplete) {
      this.partial.add(bytes, from, to, requestHeadBytesMax);
      if (this.state === is.idle) this.arm(clientHeadMs);
      this.move(on.bytes);
      return to;
    }
    if (result === ScanResult.Refused) {
      this.answerProblem(badHead(this.context.metrics, head), false);
      return to;
    }
    if (head.unusual || head.http10 || head.oddConnection || !this.exchange.take(bytes, head)) {
      this.handOver(Buffer.from(bytes.subarray(from, to)));
      return to;
    }
    this.begin();
    return head.end;
  }

  private begin(): void {
    const hasBody = head.chunked || head.contentLength > 0;
    this.closes = head.close;
    this.body.begin(head.chunked ? chunkedLength : Math.max(head.contentLength, 0));
    this.move(hasBody ? on.taken : on.taken_whole);
    this.exchange.begin(this.partial.takeBegunMs());
  }

  private takeBody(bytes: Buffer, from: number, to: number): number {
    const step = this.body.read(bytes, from, to);
    if (step === ChunkStep.Bad) {
      this.refuseBody();
      return to;
    }
    if (step === ChunkStep.Data && this.state === is.taking) this.exchange.onClientBody(bytes, this.body.dataStart, this.body.dataEnd);
    if (this.body.isWhole && (this.state === is.taking || this.state === is.dropping)) this.endBody();
    return this.body.at;
  }

  private endBody(): void {
    const wanted = this.state === is.taking;
    this.move(on.body_whole);
    if (wanted) this.exchange.onClientBodyWhole();
    else this.arm(keepAliveMs);
  }

  /** Between two requests: what is held comes first, while the client reads; then reads go on. */
  private goOn(): void {
    while (this.held !== null && this.isIdle && !this.wire.isCongested) {
      const { held } = this;
      this.held = null;
      this.consume(held, 0, held.length);
    }
    if (this.held !== null) return;
    if (this.halfClosed && (this.isIdle || this.hasBegun)) this.closeWhenSent();
    else if (this.state !== is.answering) this.wire.resumeReads();
  }

  /** Closes our side, and drops what comes; or reads no more of it (I3). */
  private linger(reads = true): void {
    const isSending = this.state === is.taking || this.state === is.dropping;
    if (!reads) this.wire.leaveUnread();
    this.wire.end();
    if (this.halfClosed && this.wire.unsentBytes === 0) return this.close();
    this.lingerFor(reads && isSending ? dropMs : lingerMs, reads);
    if (reads) this.wire.resumeReads();
  }

  private lingerFor(takesMs: number, reads = true): void {
    this.move(on.closing);
    this.held = null;
    this.context.wheel.disarm(this.deadline);
    this.lingering = new Lingering(this.context, this.wire, takesMs, reads, () => this.giveUp('stalled'));
  }

  private handOver(unread: Buffer): void {
    this.move(on.hand_over);
    this.context.metrics.lapidary_router_handed_over_total.inc();
    this.leave();
    this.context.general.attach(this.wire.handOver(unread), this.exchange.facts.isUnchecked);
  }

  private leave(): void {
    this.context.clients.delete(this);
    this.context.wheel.disarm(this.deadline);
    this.writer.forget();
    this.lingering?.forget();
    this.held = null;
  }

  /** The body can't be told from what is behind it. */
  private refuseBody(): void {
    const problem = badBody(this.context.metrics, this.body.reason);
    if (this.state === is.dropping) this.linger();
    else if (this.exchange.abandonUnanswered()) this.answerProblem(problem, false);
    else this.closeWhenSent();
  }

  private expired(): void {
    if (this.state === is.head) this.answerProblem(lateHead(), false);
    else if (this.state === is.taking || this.state === is.answering) this.exchange.expired();
    else this.closeWhenSent();
  }

  private move(event: number): void {
    this.state = clientMachine.step(this.state, event);
  }
}
