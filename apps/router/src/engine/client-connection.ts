import { problemText, type ProblemAnswer } from '../answer-problem.js';
import { clientHeadMs, dropMs, keepAliveMs } from '../client-bounds.js';
import type { RequestHead } from '../http1/request-record.js';
import { lingerMs } from '../last-bytes.js';
import type { ClientFacts } from '../proxy-protocol/client-facts.js';
import type { Wire, WireHandler } from '../transport/wire.js';
import { ClientInput } from './client-input.js';
import { badBody, badHead, lateHead } from './client-problems.js';
import type { ClientSide } from './client-side.js';
import { clientMachine } from './client-states.js';
import { ClientWriter } from './client-writer.js';
import { Deadline } from './deadline-wheel.js';
import type { EngineContext } from './engine-context.js';
import { Exchange } from './exchange.js';
import { Lingering } from './lingering.js';
import { clientText } from './request-text.js';

const { is, on } = clientMachine;

/** One client's connection (C1–C6): lets one exchange at a time answer the messages that its input finds. */
export class ClientConnection implements WireHandler, ClientSide {
  /** Of clientMachine. */
  state = clientMachine.initial;
  private readonly deadline = new Deadline(() => this.expired());
  private readonly input: ClientInput;
  readonly writer: ClientWriter;
  readonly text: string;
  private readonly exchange: Exchange;
  private halfClosed = false;
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
    this.input = new ClientInput(this, wire);
    context.clients.add(this);
    this.arm(clientHeadMs);
  }

  get willClose(): boolean {
    return this.closes || this.context.draining || (this.halfClosed && !this.input.holds);
  }

  get isReading(): boolean {
    return this.input.isReading;
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
    if (!this.input.holds) this.wire.resumeReads();
  }

  onRead(bytes: Buffer, length: number): void {
    this.input.read(bytes, 0, length);
  }

  /** Half-close is legal behind a whole request (C2): its answer is still wanted. In the middle of one it is the end of the client. */
  onEnd(): void {
    this.halfClosed = true;
    if (this.state !== is.answering) this.closeWhenSent();
  }

  onDrain(): void {
    this.exchange.forward.onClientDrain();
    if (this.input.holds && this.isIdle) this.goOn();
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
      if (!this.input.isReading) this.goOn();
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

  onHeadBegun(): void {
    if (this.state === is.idle) this.arm(clientHeadMs);
    this.move(on.bytes);
  }

  onBadHead(head: RequestHead): void {
    this.answerProblem(badHead(this.context.metrics, head), false);
  }

  takes(bytes: Buffer, head: RequestHead): boolean {
    return this.exchange.take(bytes, head);
  }

  onRequest(head: RequestHead, firstByteMs: number): void {
    this.closes = head.close;
    this.move(head.chunked || head.contentLength > 0 ? on.taken : on.taken_whole);
    this.exchange.begin(firstByteMs);
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    this.exchange.forward.onClientBody(bytes, from, to);
  }

  onBodyWhole(): void {
    const wanted = this.state === is.taking;
    this.move(on.body_whole);
    if (wanted) this.exchange.forward.onClientBodyWhole();
    else this.arm(keepAliveMs);
  }

  onBadBody(reason: string): void {
    const problem = badBody(this.context.metrics, reason);
    if (this.state === is.dropping) this.linger();
    else if (this.exchange.abandonUnanswered()) this.answerProblem(problem, false);
    else this.closeWhenSent();
  }

  onReadDone(): void {
    if (this.state === is.taking) this.exchange.forward.onClientReadDone();
  }

  onUnwanted(): void {
    this.lingering!.heard();
  }

  handOver(unread: Buffer): void {
    this.move(on.hand_over);
    this.context.metrics.lapidary_router_handed_over_total.inc();
    this.leave();
    this.context.general.attach(this.wire.handOver(unread), this.exchange.facts.isUnchecked);
  }

  /** Between two requests: what is held comes first; then reads go on. */
  private goOn(): void {
    if (!this.input.readHeld()) return;
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
    this.input.forget();
    this.context.wheel.disarm(this.deadline);
    this.lingering = new Lingering(this.context, this.wire, takesMs, reads, () => this.giveUp('stalled'));
  }

  private leave(): void {
    this.context.clients.delete(this);
    this.context.wheel.disarm(this.deadline);
    this.writer.forget();
    this.lingering?.forget();
    this.input.forget();
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
