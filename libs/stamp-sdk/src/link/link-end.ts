import { Allowance, Credit } from './credit.js';
import type { DenseTable } from './dense-table.js';
import { FrameBatch } from './frame-batch.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { endFlag, frameType, goawayCode, goawayFault, resetReasonOf, type LinkFault, type LinkRole } from './frames.js';
import { decodeHello, linkVersionMin, type Hello, type LinkSettings } from './hello.js';
import type { LinkEndEvents } from './link-events.js';
import type { LinkEvent } from './link-states.js';
import { linkSteps } from './link-steps.js';
import type { LinkStream, LostVerdict, StreamLink } from './link-stream.js';
import { StreamTable } from './stream-table.js';

/**
 * One end of a stamp link without socket and clock: bytes in, frames out, and who owns a stream hears of it. Both ends
 * are the same but for the greeting and for who opens streams. Invariants (docs/reference/stamp-link.md, L1–L9) are kept here,
 * in link-stream.ts and in the two subclasses.
 */
export abstract class LinkEnd implements FrameSink, StreamLink {
  readonly batch = new FrameBatch();
  /** The socket takes no more at the moment: DATA waits, heads and answers to the other end don't. */
  isCongested = false;
  /** Nothing before the other end's HELLO has said how much. */
  credit = new Credit(0);
  protected peer: Hello | null = null;
  /** That both speak, once it is open. */
  protected version = linkVersionMin;
  protected readonly streams = new StreamTable();
  /** Highest id ever opened on this link. */
  protected newest = 0;
  private readonly reader: FrameReader;
  private readonly waiting = new Set<LinkStream>();
  private readonly table: DenseTable<string, LinkEvent>;
  private readonly openState: number;
  private readonly closedState: number;
  private readonly leavingState: number;
  private state = 0;
  private readonly allowance: Allowance;

  constructor(
    role: LinkRole,
    protected readonly settings: LinkSettings,
    protected readonly events: LinkEndEvents,
  ) {
    this.table = linkSteps[role];
    this.openState = this.table.state('open');
    this.closedState = this.table.state('closed');
    this.leavingState = this.table.state('leaving');
    this.reader = new FrameReader(role, this);
    this.allowance = new Allowance(settings.linkWindowBytes);
  }

  get stateName(): string {
    return this.table.nameOf(this.state);
  }

  get isOpen(): boolean {
    return this.state === this.openState;
  }

  get isClosed(): boolean {
    return this.state === this.closedState;
  }

  get speaksInterim(): boolean {
    return this.version > linkVersionMin;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** Streams that have bytes for the other end and no credit for them, or no room in the socket. */
  get blockedCount(): number {
    let blocked = 0;
    for (const stream of this.streams.list()) if (stream.isBlocked) blocked += 1;
    return blocked;
  }

  /** The other end's name, once it has said HELLO. */
  get peerName(): string {
    return this.peer?.name ?? '';
  }

  /** Bytes from the socket; they are read before this returns, or copied. */
  receive(bytes: Buffer, start: number, end: number): void {
    const fault = this.reader.push(bytes, start, end);
    if (fault !== null && !this.isClosed) this.close(fault, `${fault} in ${this.stateName}`);
  }

  get hasWork(): boolean {
    return this.batch.bytes > 0;
  }

  /** Everything to be written now. */
  take(): Buffer[] {
    return this.batch.take();
  }

  /** A part of `take` has been written. */
  giveBack(part: Buffer): void {
    this.batch.giveBack(part);
  }

  setCongested(isCongested: boolean): void {
    this.isCongested = isCongested;
    if (!isCongested) this.pump();
  }

  ping(bytes: Buffer): void {
    this.batch.ping('ping', bytes, 0);
    this.wake();
  }

  /** Takes no new requests; `onDrained` follows, at once where nothing is under way. */
  leave(text: string): void {
    if (!this.happen('goaway_sent')) return;
    this.batch.goaway(this.newest, 0, text);
    this.wake();
    this.events.onLeaving();
    this.checkDrained();
  }

  /** Ends the link and every stream on it. The other end is told of what it did wrong. */
  close(fault: LinkFault, detail: string): void {
    if (this.isClosed) return;
    this.happen('closed');
    this.reader.stop(fault);
    if (fault !== 'closed' && fault !== 'broken') {
      this.batch.goaway(this.newest, goawayCode(fault), detail);
      this.wake();
    }
    const streams = this.streams.list();
    this.streams.clear();
    this.waiting.clear();
    for (const stream of streams) stream.lose(fault, this.verdictOf(stream));
    this.events.onClosed(fault, detail);
  }

  wake(): void {
    this.events.onWork();
  }

  await(stream: LinkStream): void {
    this.waiting.add(stream);
  }

  over(stream: LinkStream): void {
    this.streams.delete(stream);
    this.waiting.delete(stream);
    this.checkDrained();
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): LinkFault | null {
    if (this.isClosed) return 'closed';
    if (id !== 0) {
      if (this.isGreeting) return 'out_of_order';
      return type === frameType.request
        ? this.takeRequest(id, bytes, start, end, flags === endFlag)
        : this.streamFrame(type, flags === endFlag, id, bytes, start, end);
    }
    if (type === frameType.goaway) return this.takeGoaway(bytes, start, end);
    if (type === frameType.hello) return this.takeHello(bytes, start, end);
    if (type === frameType.ready) return this.takeReady(bytes.subarray(start, end));
    if (this.isGreeting) return 'out_of_order';
    if (type === frameType.ping) this.pong(bytes, start);
    return type === frameType.window ? this.takeWindow(bytes.readUInt32BE(start)) : null;
  }

  /** A HELLO of a version and with settings that can be worked with. */
  protected abstract greeted(hello: Hello): LinkFault | null;
  protected abstract takeReady(proof: Buffer): LinkFault | null;
  protected abstract takeRequest(id: number, bytes: Buffer, start: number, end: number, isLast: boolean): LinkFault | null;
  protected abstract verdictOf(stream: LinkStream): LostVerdict;
  protected abstract heardGoaway(lastStream: number): void;

  protected windows(): { readonly sendBytes: number; readonly receiveBytes: number } {
    return { sendBytes: this.peer!.settings.streamWindowBytes, receiveBytes: this.settings.streamWindowBytes };
  }

  protected happen(event: LinkEvent): boolean {
    const next = this.table.step(this.state, this.table.event(event));
    if (next >= 0) this.state = next;
    return next >= 0;
  }

  private get isGreeting(): boolean {
    return this.state !== this.openState && (this.stateName === 'greeting' || this.stateName === 'proving');
  }

  private takeHello(bytes: Buffer, start: number, end: number): LinkFault | null {
    const hello = decodeHello(bytes, start, end);
    if (hello === null) return 'bad_frame';
    if (!this.happen('hello_received')) return 'out_of_order';
    this.peer = hello;
    this.credit = new Credit(hello.settings.linkWindowBytes);
    return this.greeted(hello);
  }

  private takeGoaway(bytes: Buffer, start: number, end: number): LinkFault | null {
    const fault = goawayFault(bytes[start + 4]!);
    const text = bytes.toString('latin1', start + 5, end).replace(/[^ -~]/g, '?');
    if (fault === undefined) return 'bad_frame';
    this.heardGoaway(bytes.readUInt32BE(start));
    if (fault !== 'closed') {
      this.close(fault, `the other end said: ${text}`);
      return fault;
    }
    if (!this.happen('goaway_received')) return 'out_of_order';
    this.events.onLeaving();
    this.checkDrained();
    return null;
  }

  private streamFrame(type: number, isLast: boolean, id: number, bytes: Buffer, start: number, end: number): LinkFault | null {
    // Whatever becomes of it, it has been taken out of the pipe: the link's credit never waits for a stream's reader (L4).
    if (type === frameType.data && !this.received(end - start)) return 'flow_control';
    const stream = this.streams.get(id);
    if (stream === undefined) {
      // These two may cross with the other's last frame; nothing else may come for a stream that is over (L2).
      return id <= this.newest && (type === frameType.window || type === frameType.reset) ? null : 'out_of_order';
    }
    switch (type) {
      case frameType.data:
        return stream.receiveData(bytes, start, end) ?? (isLast ? stream.receiveEnd() : null);
      case frameType.response:
        return stream.receiveHead(bytes, start, end) ?? (isLast ? stream.receiveEnd() : null);
      case frameType.interim:
        return this.speaksInterim ? stream.receiveInterim(bytes, start, end) : 'bad_frame';
      case frameType.window: {
        const fault = stream.receiveWindow(bytes.readUInt32BE(start));
        this.pump();
        return fault;
      }
      default: {
        const reason = resetReasonOf(bytes[start]!);
        return reason === undefined ? 'bad_frame' : stream.receiveReset(reason);
      }
    }
  }

  private received(bytes: number): boolean {
    if (!this.allowance.received(bytes)) return false;
    const due = this.allowance.passedOn(bytes);
    if (due > 0) this.batch.window(0, due);
    if (due > 0) this.wake();
    return true;
  }

  private takeWindow(bytes: number): LinkFault | null {
    if (!this.credit.granted(bytes)) return 'flow_control';
    this.pump();
    return null;
  }

  /** One frame of each stream in turn, so that a long body doesn't keep a short one waiting (L4). */
  private pump(): void {
    for (const stream of this.waiting) {
      if (this.isCongested || this.credit.left <= 0) return;
      this.waiting.delete(stream);
      // Added again it comes last: a Set is walked in the order of adding.
      if (stream.sendPending()) this.waiting.add(stream);
    }
  }

  private pong(bytes: Buffer, start: number): void {
    // Who doesn't read what we send can't make us keep more of it by asking on and on.
    if (this.isCongested) return;
    this.batch.ping('pong', bytes, start);
    this.wake();
  }

  private checkDrained(): void {
    if (this.state === this.leavingState && this.streams.size === 0) this.events.onDrained();
  }
}
