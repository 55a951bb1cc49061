import type { Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { getSystemErrorName } from 'node:util';
import { pingBytes, type LinkFault } from './frames.js';
import type { LinkEndEvents } from './link-events.js';
import type { LinkEnd } from './link-end.js';

/** A peer that is there answers within a region's round trip; a silent one is found after two to three of these. */
const quietMs = 5_000;
/** What is written last should leave; a peer that doesn't read it is not waited for. */
const lingerMs = 500;

/** Writes and reads of a socket past the stream that stands before it, where somebody has seen that to work (the router's DirectWrites). */
export interface PastStream {
  /**
   * 'taken': the kernel has all of it. 'waiting': `onDone` will be told, and `chunk` stays as it is until then. A negative error of libuv. 'not_now':
   * nothing was written, and the stream has to.
   */
  write(socket: Socket, chunk: Buffer, onDone: (status: number) => void): 'taken' | 'waiting' | 'not_now' | number;
  /** For a connected socket: `tell` is told how many bytes were read into its `onread` buffer, and says whether it took them. */
  hearReads(socket: Socket, tell: (bytes: number) => boolean): void;
}

export interface LinkSocketHooks {
  readonly onOpen: () => void;
  /** No new requests from now on. */
  readonly onLeaving: () => void;
  /** Once, when the link is over. */
  readonly onClosed: (fault: LinkFault, detail: string) => void;
  /** All that one read held has been told. */
  readonly onReadDone?: () => void;
  /** Whether the link is closed by us as soon as nothing is under way; the router's end does, so that nothing crosses. */
  readonly closesWhenDrained: boolean;
  readonly quietMs?: number;
  readonly pastStream?: PastStream | null;
}

/**
 * Joins one end of a link to its socket: reads as they come, one write per turn of the loop, and a look every few seconds
 * whether the other end is still there.
 */
export class LinkSocket implements LinkEndEvents {
  private end!: LinkEnd;
  private flushAt: NodeJS.Immediate | null = null;
  private readonly look: NodeJS.Timeout;
  private hasHeard = true;
  private hasAsked = false;
  /** Written past the stream, and not yet taken by the kernel. */
  private waitingBytes = 0;

  constructor(
    private readonly socket: Socket,
    private readonly hooks: LinkSocketHooks,
  ) {
    socket.setNoDelay(true);
    socket.on('error', (error: NodeJS.ErrnoException) => this.end.close('broken', error.code ?? error.message));
    socket.on('end', () => this.end.close('broken', 'the other end closed the connection'));
    socket.on('close', () => this.end.close('broken', 'the connection is closed'));
    socket.on('drain', () => {
      if (this.waitingBytes === 0) this.end.setCongested(false);
    });
    this.look = setInterval(() => this.lookAround(), hooks.quietMs ?? quietMs).unref();
  }

  /** From here on bytes are read; `first` were read already. */
  start(end: LinkEnd, first: Buffer): void {
    this.end = end;
    this.onWork();
    if (first.length > 0) this.receive(first, first.length);
  }

  /** Bytes 0 to `length` are lent for the call. */
  receive(bytes: Buffer, length: number): void {
    this.hasHeard = true;
    this.end.receive(bytes, 0, length);
    this.hooks.onReadDone?.();
  }

  readonly onWork = (): void => {
    this.flushAt ??= setImmediate(this.onTurnEnd);
  };

  readonly onOpen = (): void => this.hooks.onOpen();
  readonly onLeaving = (): void => this.hooks.onLeaving();
  readonly onDrained = (): void => {
    if (this.hooks.closesWhenDrained) this.end.close('closed', 'drained');
  };

  readonly onClosed = (fault: LinkFault, detail: string): void => {
    clearInterval(this.look);
    if (this.flushAt) clearImmediate(this.flushAt);
    this.flushAt = null;
    this.flush();
    this.socket.end();
    // The last words have left or have nobody to read them.
    if (fault === 'broken') this.socket.destroy();
    else setTimeout(() => this.socket.destroy(), lingerMs).unref();
    this.hooks.onClosed(fault, detail);
  };

  private readonly onTurnEnd = (): void => {
    this.flushAt = null;
    this.flush();
  };

  /** Everything that the turn had to say, in one write: system calls are what a proxied request mostly costs. */
  private flush(): void {
    if (!this.end.hasWork || !this.socket.writable) return;
    const parts = this.end.take();
    let first = 0;
    while (first < parts.length && this.writePast(parts[first]!)) first += 1;
    if (first < parts.length) this.writeStream(first === 0 ? parts : parts.slice(first));
    if (this.isFull) this.end.setCongested(true);
  }

  private writeStream(parts: readonly Buffer[]): void {
    const { socket } = this;
    if (parts.length > 1) socket.cork();
    for (const part of parts) socket.write(part, () => this.end.giveBack(part));
    if (parts.length > 1) socket.uncork();
  }

  /** false: the stream has to. */
  private writePast(part: Buffer): boolean {
    const { socket } = this;
    const { pastStream } = this.hooks;
    if (!pastStream) return false;
    const answer = pastStream.write(socket, part, (status) => this.onWritten(part, status));
    if (answer === 'not_now') return false;
    if (answer === 'waiting') this.waitingBytes += part.length;
    else this.end.giveBack(part);
    if (typeof answer === 'number') this.fail(answer);
    return true;
  }

  private onWritten(part: Buffer, status: number): void {
    this.waitingBytes -= part.length;
    this.end.giveBack(part);
    if (this.socket.destroyed) return;
    if (status !== 0) return this.fail(status);
    if (this.waitingBytes === 0 && this.end.isCongested && !this.socket.writableNeedDrain) this.end.setCongested(false);
  }

  private get isFull(): boolean {
    return this.socket.writableNeedDrain || this.waitingBytes >= this.socket.writableHighWaterMark;
  }

  /** Told on a later tick, as a stream tells it. */
  private fail(status: number): void {
    this.socket.destroy(Object.assign(new Error('write'), { code: getSystemErrorName(status) }));
  }

  private lookAround(): void {
    if (this.hasHeard) {
      this.hasHeard = this.hasAsked = false;
      return;
    }
    if (this.hasAsked) return this.end.close('silent', 'no answer to a PING');
    this.hasAsked = true;
    this.end.ping(randomBytes(pingBytes));
  }
}
