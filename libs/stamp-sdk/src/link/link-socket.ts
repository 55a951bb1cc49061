import type { Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { pingBytes, type LinkFault } from './frames.js';
import type { LinkEndEvents } from './link-events.js';
import type { LinkEnd } from './link-end.js';

/** A peer that is there answers within a region's round trip; a silent one is found after two to three of these. */
const quietMs = 5_000;
/** What is written last should leave; a peer that doesn't read it is not waited for. */
const lingerMs = 500;

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

  constructor(
    private readonly socket: Socket,
    private readonly hooks: LinkSocketHooks,
  ) {
    socket.setNoDelay(true);
    socket.on('error', (error: NodeJS.ErrnoException) => this.end.close('broken', error.code ?? error.message));
    socket.on('end', () => this.end.close('broken', 'the other end closed the connection'));
    socket.on('close', () => this.end.close('broken', 'the connection is closed'));
    socket.on('drain', () => this.end.setCongested(false));
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
    this.flushAt ??= setImmediate(this.flush);
  };

  readonly onOpen = (): void => this.hooks.onOpen();
  readonly onLeaving = (): void => this.hooks.onLeaving();
  readonly onDrained = (): void => {
    if (this.hooks.closesWhenDrained) this.end.close('closed', 'drained');
  };

  readonly onClosed = (fault: LinkFault, detail: string): void => {
    clearInterval(this.look);
    this.flush();
    this.socket.end();
    // The last words have left or have nobody to read them.
    if (fault === 'broken') this.socket.destroy();
    else setTimeout(() => this.socket.destroy(), lingerMs).unref();
    this.hooks.onClosed(fault, detail);
  };

  /** Everything that the turn had to say, in one write: system calls are what a proxied request mostly costs. */
  private readonly flush = (): void => {
    if (this.flushAt) clearImmediate(this.flushAt);
    this.flushAt = null;
    const parts = this.end.take();
    if (parts.length === 0 || !this.socket.writable) return;
    if (parts.length > 1) this.socket.cork();
    for (const part of parts) this.socket.write(part, () => this.end.giveBack(part));
    if (parts.length > 1) this.socket.uncork();
    if (this.socket.writableNeedDrain) this.end.setCongested(true);
  };

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
