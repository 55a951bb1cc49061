import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Chunk } from '../engine/upstream-lane.js';
import { fieldLines } from '../http1/field-lines.js';
import type { TcpHandle } from './handle-binding.js';
import { NetWire } from './net-wire.js';
import type { RawTier } from './raw-tier.js';
import { readBufferBytes } from './read-buffer.js';
import { slabs, type Slab } from './slab.js';
import { nobody, type Wire, type WireHandler } from './wire.js';

/** One for all: a connection's bytes are used or copied before the next read (read-buffer.ts), and heads are read there by the faster of the two scanners. */
const shared = fieldLines.buffer;
/** As much as Node's own streams let wait. */
const waitingBytesMax = 64 * 1024;
/** Of libuv. */
const endOfFile = -4095;
const notConnected = -constants.errno.ENOTCONN;
/** The code of a connection that ends since its handle has surprised (T2). */
const unexpected = 'unexpected';

interface WiredHandle extends TcpHandle {
  wire?: RawWire;
}

/** One function for all handles: each has its wire with it. What it would return would be the next buffer to read into. */
const onread = function (this: WiredHandle, bytes: ArrayBuffer | undefined): void {
  this.wire!.told(bytes);
};

/**
 * A TCP handle without a socket before it: no stream, no events, no ticks. A socket has accepted it or connected it, and leaves it to
 * this one as soon as the connection is there.
 */
export class RawWire implements Wire {
  /** null: not connected yet, or over. */
  private handle: WiredHandle | null = null;
  private handler: WireHandler = nobody;
  private reading = true;
  /** Nothing is written any more: it has been closed, or its sending side. */
  private isOver = false;
  /** Our sending side is closed, behind all that was written. */
  private isShut = false;
  private hasEnded = false;
  /** Not yet taken by the kernel, in the order in which it was written; `slab`: to be given back. */
  private readonly waiting: { readonly bytes: number; readonly slab: Slab | null }[] = [];
  private waitingBytes = 0;
  private wasFull = false;

  /** `opening`: what connects, until it has. */
  constructor(
    private readonly tier: RawTier,
    readonly remoteAddress: string,
    private opening: Socket | null = null,
  ) {}

  start(handler: WireHandler): void {
    this.handler = handler;
  }

  /** The connection is there. From here on it reads. */
  begin(handle: TcpHandle): void {
    // Whoever was offered it has destroyed it.
    if (this.isOver) return this.closeNow(handle, null);
    const wired: WiredHandle = handle;
    const reads = this.tier.run(() => {
      wired.wire = this;
      wired.onread = onread as TcpHandle['onread'];
      wired.useUserBuffer(shared);
      return this.reading ? wired.readStart() : 0;
    });
    this.opening = null;
    this.handle = wired;
    if (reads !== 0) this.broke(reads);
  }

  /** As begin(), for one that was asked for. */
  connected(handle: TcpHandle): void {
    this.begin(handle);
    if (this.handle !== null) this.handler.onConnect?.();
  }

  /** It won't be there. */
  notConnected(error: string | null): void {
    this.opening = null;
    this.tellClose(error);
  }

  get isCongested(): boolean {
    return this.wasFull;
  }

  get unsentBytes(): number {
    return this.waitingBytes;
  }

  write(chunk: Chunk): boolean {
    return this.handle === null || this.isOver ? true : this.put(this.handle, chunk, null);
  }

  writeSlab(slab: Slab): boolean {
    const { handle } = this;
    if (handle !== null && !this.isOver) return this.put(handle, slab.view(), slab);
    slabs.giveBack(slab);
    return true;
  }

  leaveUnread(): void {
    this.pauseReads();
  }

  pauseReads(): void {
    if (!this.reading) return;
    this.reading = false;
    this.turnReads();
  }

  resumeReads(): void {
    if (this.reading) return;
    this.reading = true;
    this.turnReads();
  }

  end(): void {
    const { handle } = this;
    if (handle === null || this.isOver) return;
    this.isOver = true;
    const status = this.tier.run(() => {
      const request = this.tier.shutdownRequest();
      request.oncomplete = this.shut;
      return handle.shutdown(request);
    });
    if (status !== 0) this.shut(status);
  }

  destroy(): void {
    this.handler = nobody;
    this.opening?.destroy();
    this.opening = null;
    this.fail(null);
  }

  reset(): void {
    const { handle } = this;
    // While it still closes its sending side libuv would refuse, and the handle be lost.
    if (handle === null || (this.isOver && !this.isShut)) return this.destroy();
    this.handler = nobody;
    this.handle = null;
    if (this.tier.run(() => handle.reset()) !== 0) this.closeNow(handle, null);
  }

  handOver(unread: Buffer): Duplex {
    const { handle } = this;
    this.handler = nobody;
    this.handle = null;
    if (handle === null) return new Socket().destroy();
    this.tier.run(() => handle.readStop());
    delete handle.wire;
    return new NetWire({ handle, manualStart: true } as object).handOver(unread);
  }

  /** By the handle, of each read. */
  told(bytes: ArrayBuffer | undefined): void {
    const count = this.tier.readBytesOrError;
    if (count > 0) {
      if (bytes !== undefined || count > readBufferBytes || !this.reading)
        return this.broke(this.tier.surprised('a read was told that can’t be'));
      this.handler.onRead(shared, count);
    } else if (count === endOfFile) this.ended();
    else if (count < 0) this.broke(count);
  }

  private ended(): void {
    this.hasEnded = true;
    this.handler.onEnd();
    if (this.isShut) this.fail(null);
  }

  private put(handle: TcpHandle, chunk: Chunk, slab: Slab | null): boolean {
    const answer = this.tier.write(handle, chunk, this.written);
    if (answer === 'waiting') {
      this.waiting.push({ bytes: chunk.length, slab });
      this.waitingBytes += chunk.length;
      this.wasFull = this.waitingBytes >= waitingBytesMax;
    } else {
      // Of what has surprised nobody knows who still reads from it.
      if (slab !== null && answer === 'unexpected') slabs.lose();
      else if (slab !== null) slabs.giveBack(slab);
      if (answer !== 'taken') this.broke(answer);
    }
    return !this.wasFull;
  }

  private readonly written = (status: number): void => {
    const written = this.waiting.shift();
    if (written) this.waitingBytes -= written.bytes;
    if (written?.slab) slabs.giveBack(written.slab);
    if (this.handle === null) return;
    if (status !== 0) return this.broke(status);
    if (!this.wasFull || this.waitingBytes > 0) return;
    this.wasFull = false;
    this.handler.onDrain();
  };

  /** 1: it was done at once. A peer that is gone altogether has nothing to be told. */
  private readonly shut = (status: number | 'unexpected'): void => {
    if (this.handle === null) return;
    if (status !== 0 && status !== 1 && status !== notConnected) return this.broke(status);
    this.isShut = true;
    if (this.hasEnded) this.fail(null);
  };

  private turnReads(): void {
    const { handle } = this;
    if (handle === null || this.hasEnded) return;
    const status = this.tier.run(() => (this.reading ? handle.readStart() : handle.readStop()));
    if (status !== 0) this.broke(status);
  }

  /** `status`: an error of libuv, or that the handle has surprised. */
  private broke(status: number | 'unexpected'): void {
    this.fail(typeof status === 'number' && status < 0 ? getSystemErrorName(status) : unexpected);
  }

  private fail(error: string | null): void {
    const { handle } = this;
    this.isOver = true;
    this.handle = null;
    if (handle !== null) this.closeNow(handle, error);
  }

  /** The handler is told on a later turn. */
  private closeNow(handle: TcpHandle, error: string | null): void {
    const closed = (): void => this.tellClose(error);
    if (this.tier.run(() => (handle.close(closed), 0)) !== 0) setImmediate(closed);
  }

  private tellClose(error: string | null): void {
    const { handler } = this;
    this.handler = nobody;
    handler.onClose(error);
  }
}
