import { Allowance, Credit } from './credit.js';
import type { DenseTable } from './dense-table.js';
import { dataBytesMax, type LinkFault, type LinkRole, type ResetReason } from './frames.js';
import type { Chunk, FrameBatch } from './frame-batch.js';
import type { StreamEvent } from './stream-states.js';
import {
  dataReceived,
  doneState,
  endReceived,
  endSent,
  headReceived,
  headSent,
  interimReceived,
  interimSent,
  overState,
  resetReceived,
  resetSent,
  streamSteps,
} from './stream-steps.js';

/** What is certain about a stream that was cut off with its link. */
export type LostVerdict =
  /** The request never left: it may be repeated, whatever its method. */
  | 'not_sent'
  /** It may have been worked on, and no byte of the answer came. */
  | 'sent'
  /** The answer had begun. */
  | 'answered';

/** Who owns a stream hears of it here. `bytes` are lent for the call. The last call is ended (router), reset or lost. */
export interface StreamListener {
  /** An answer's head that is not the last (1xx); at the agent never. */
  interim(bytes: Buffer, start: number, end: number): void;
  /** The answer's head; at the agent never, its head came with the stream. */
  head(bytes: Buffer, start: number, end: number): void;
  /** Whoever has passed these on says so by `consumed`, or no more will come than the window holds. */
  data(bytes: Buffer, start: number, end: number): void;
  /** The other end has said everything. */
  ended(): void;
  reset(reason: ResetReason): void;
  /** Everything written has left; more may be written. */
  writable(): void;
  lost(fault: LinkFault, verdict: LostVerdict): void;
}

/** What a stream needs of its link. */
export interface StreamLink {
  readonly batch: FrameBatch;
  readonly isCongested: boolean;
  /** Whether the other end knows interim answers. */
  readonly speaksInterim: boolean;
  /** DATA that the link may still send. */
  readonly credit: Credit;
  /** Has bytes that only the link's credit or socket holds back. */
  await(stream: LinkStream): void;
  over(stream: LinkStream): void;
  /** There is something to write. */
  wake(): void;
}

const rest = (chunk: Chunk, from: number): Chunk => (typeof chunk === 'string' ? chunk.slice(from) : chunk.subarray(from));

/** Of all streams that don't wait; never added to. */
const none: Chunk[] = [];

/** One request and its answer, at either end; steps by the tables in stream-states.ts and nothing else. */
export class LinkStream {
  listener!: StreamListener;
  /** Whether the answer's head has passed. */
  isAnswered = false;
  private state: number;
  private readonly table: DenseTable<string, StreamEvent>;
  private readonly overState: number;
  /** The agent's, once it has answered before the whole request came; −1 at the router. */
  private readonly doneState: number;
  private hasSentLast = false;
  /** Given up by this end: what comes is dropped, and the listener hears nothing more. */
  private isMute = false;
  private pending: Chunk[] = none;
  private endWanted = false;
  private readonly credit: Credit;
  private readonly allowance: Allowance;

  constructor(
    readonly id: number,
    role: LinkRole,
    private readonly link: StreamLink,
    windows: { readonly sendBytes: number; readonly receiveBytes: number },
  ) {
    this.credit = new Credit(windows.sendBytes);
    this.allowance = new Allowance(windows.receiveBytes);
    this.table = streamSteps[role];
    this.state = 0;
    this.overState = overState[role];
    this.doneState = doneState[role];
  }

  get stateName(): string {
    return this.table.nameOf(this.state);
  }

  get isOver(): boolean {
    return this.state === this.overState;
  }

  /** Bytes written that wait for credit or for the socket. */
  get isBlocked(): boolean {
    return this.pending.length > 0;
  }

  /** A head that comes before the agent's answer, in latin1. Dropped where the router doesn't know of such. */
  sendInterim(head: string): void {
    if (!this.link.speaksInterim || !this.happen(interimSent)) return;
    this.link.batch.interim(this.id, head);
    this.link.wake();
  }

  /** The agent's answer, in latin1; false where nobody wants it any more. */
  sendHead(head: string, isLast: boolean): boolean {
    if (!this.happen(headSent)) return false;
    this.isAnswered = true;
    this.link.batch.response(this.id, head, isLast);
    this.link.wake();
    if (isLast) this.sentEnd();
    return true;
  }

  /** Sends what credit allows and keeps the rest. False: write no more before `writable`. */
  write(chunk: Chunk, isLast = false): boolean {
    if (this.isMute || this.hasSentLast || this.endWanted) return false;
    const end = chunk.length;
    let at = 0;
    while (this.pending.length === 0 && at < end) {
      const allowed = this.allowed();
      if (allowed <= 0) break;
      const next = Math.min(end, at + Math.min(allowed, dataBytesMax));
      this.sendData(chunk, at, next, isLast && next === end);
      at = next;
    }
    if (at < end) {
      if (this.pending === none) this.pending = [];
      this.pending.push(at === 0 ? chunk : rest(chunk, at));
      this.endWanted = isLast;
      if (this.credit.left > 0) this.link.await(this);
      return false;
    }
    if (isLast && end === 0) this.end();
    return true;
  }

  /** Nothing more will be written; what waits still leaves first. */
  end(): void {
    if (this.isMute || this.hasSentLast || this.endWanted) return;
    if (this.pending.length > 0) {
      this.endWanted = true;
      return;
    }
    this.link.batch.end(this.id);
    this.link.wake();
    this.sentEnd();
  }

  /** Ends the stream early. The listener hears nothing more of it. */
  reset(reason: ResetReason): void {
    if (this.isMute || !this.happen(resetSent)) return;
    this.isMute = true;
    this.sendReset(reason);
    this.settle();
  }

  /** `bytes` of what came have been passed on: the other end may send as many again. */
  consumed(bytes: number): void {
    const due = this.allowance.passedOn(bytes);
    if (due === 0 || this.isMute || this.table.step(this.state, dataReceived) < 0) return;
    this.link.batch.window(this.id, due);
    this.link.wake();
  }

  receiveInterim(bytes: Buffer, start: number, end: number): LinkFault | null {
    if (!this.happen(interimReceived)) return 'out_of_order';
    if (!this.isMute) this.listener.interim(bytes, start, end);
    return null;
  }

  receiveHead(bytes: Buffer, start: number, end: number): LinkFault | null {
    if (!this.happen(headReceived)) return 'out_of_order';
    this.isAnswered = true;
    if (!this.isMute) this.listener.head(bytes, start, end);
    return null;
  }

  receiveData(bytes: Buffer, start: number, end: number): LinkFault | null {
    if (!this.happen(dataReceived)) return 'out_of_order';
    if (!this.allowance.received(end - start)) return 'flow_control';
    if (!this.isMute && end > start) this.listener.data(bytes, start, end);
    return null;
  }

  receiveEnd(): LinkFault | null {
    const hears = !this.isMute;
    if (!this.happen(endReceived)) return 'out_of_order';
    // The router's end: the answer is whole before the request is. The agent's: it may go on answering.
    if (this.isOver && !this.hasSentLast) this.sendReset('cancelled');
    this.settle();
    if (hears) this.listener.ended();
    return null;
  }

  receiveReset(reason: ResetReason): LinkFault | null {
    const hears = !this.isMute;
    if (!this.happen(resetReceived)) return 'out_of_order';
    if (!this.hasSentLast) this.sendReset('cancelled');
    this.settle();
    if (hears) this.listener.reset(reason);
    return null;
  }

  receiveWindow(bytes: number): LinkFault | null {
    if (!this.credit.granted(bytes)) return 'flow_control';
    if (this.pending.length > 0) this.link.await(this);
    return null;
  }

  /** One frame of what waits. True: there is more that could go at once. */
  sendPending(): boolean {
    const [first] = this.pending;
    if (first === undefined) return false;
    const bytes = Math.min(this.allowed(), dataBytesMax, first.length);
    if (bytes <= 0) return this.credit.left > 0;
    if (bytes === first.length) this.pending.shift();
    else this.pending[0] = rest(first, bytes);
    const isEmpty = this.pending.length === 0;
    this.sendData(first, 0, bytes, isEmpty && this.endWanted);
    if (isEmpty && !this.hasSentLast) this.listener.writable();
    return this.pending.length > 0 && this.credit.left > 0;
  }

  /** The link is gone. */
  lose(fault: LinkFault, verdict: LostVerdict): void {
    this.pending = none;
    if (this.isMute || this.isOver) return;
    this.isMute = true;
    this.listener.lost(fault, verdict);
  }

  private allowed(): number {
    return this.link.isCongested ? 0 : Math.min(this.credit.left, this.link.credit.left);
  }

  private sendData(chunk: Chunk, start: number, end: number, isLast: boolean): void {
    this.credit.left -= end - start;
    this.link.credit.left -= end - start;
    this.link.batch.data(this.id, chunk, start, end, isLast);
    this.link.wake();
    if (isLast) this.sentEnd();
  }

  private sendReset(reason: ResetReason): void {
    this.hasSentLast = true;
    this.pending = none;
    this.link.batch.reset(this.id, reason);
    this.link.wake();
  }

  /** The last frame has left, with the head or as DATA. */
  sentEnd(): void {
    this.hasSentLast = true;
    this.happen(endSent);
    if (this.state === this.doneState) this.isMute = true;
    this.settle();
  }

  private happen(what: number): boolean {
    const next = this.table.step(this.state, what);
    if (next < 0) return false;
    this.state = next;
    return true;
  }

  private settle(): void {
    if (this.isOver) this.link.over(this);
  }
}
