import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import type { Chunk } from '../engine/upstream-lane.js';
import type { DirectWrites } from './direct-writes.js';
import { LentCopies } from './lent-copies.js';
import { readBufferBytes, type Wire, type WireHandler } from './wire.js';

const shared = Buffer.alloc(readBufferBytes);
const copies = new LentCopies();

/** For what arrives before there is a handler, and behind the end. */
const nobody: WireHandler = {
  onRead: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/**
 * A net.Socket that reads into the shared buffer (`onread`): no Readable, no allocation and no tick per read, which is a
 * quarter of what a proxied request costs. Errors come on a later tick by node:net's own rules.
 */
export class NetWire implements Wire {
  readonly socket: Socket;
  readonly remoteAddress: string;
  private handler: WireHandler = nobody;
  private reading = true;
  private handedOver = false;
  private error: string | null = null;
  /** Written past the stream, and not yet taken by the kernel. */
  private waitingBytes = 0;
  private wasFull = false;
  /** Nothing is written any more: it has been closed, or its sending side. */
  private isOver = false;

  constructor(
    options: SocketConstructorOpts,
    private readonly direct: DirectWrites | null,
    remoteAddress = '',
  ) {
    this.remoteAddress = remoteAddress;
    const callback = (length: number): boolean => this.onRead(length);
    this.socket = new Socket({ ...options, allowHalfOpen: true, onread: { buffer: shared, callback } });
    this.socket.on('error', this.onError).on('end', this.onEnd).on('drain', this.onDrain).on('close', this.onClose);
  }

  start(handler: WireHandler): void {
    this.handler = handler;
  }

  onConnect(): void {
    this.hearReads();
    this.handler.onConnect?.();
  }

  /** Reads come without the stream, where that is known to work. */
  hearReads(): void {
    this.direct?.hearReads(this.socket, this.onDirectRead);
  }

  get isCongested(): boolean {
    return this.wasFull || this.socket.writableNeedDrain;
  }

  write(chunk: Chunk): boolean {
    const { socket } = this;
    if (this.isOver) return true;
    const answer = this.direct === null ? 'not_now' : this.direct.write(socket, chunk, this.onWritten);
    if (answer === 'taken') return true;
    if (answer === 'not_now') return !socket.writable || (socket.write(chunk, 'latin1') && !this.wasFull);
    if (answer === 'waiting') return this.wait(chunk.length, null);
    this.fail(answer);
    return true;
  }

  writeLent(before: string, bytes: Buffer, from: number, to: number): boolean {
    const { socket } = this;
    if (!socket.writable) return true;
    if (this.direct === null || !copies.fits(before, to - from)) {
      return this.write(Buffer.concat([Buffer.from(before, 'latin1'), bytes.subarray(from, to)]));
    }
    const slab = copies.take();
    const at = before === '' ? 0 : slab.write(before, 0, 'latin1');
    const chunk = slab.subarray(0, at + bytes.copy(slab, at, from, to));
    const answer = this.direct.write(socket, chunk, this.onWritten);
    if (answer === 'waiting') return this.wait(chunk.length, slab);
    if (answer === 'not_now') return socket.write(chunk, () => copies.giveBack(slab)) && !this.wasFull;
    copies.giveBack(slab);
    if (answer !== 'taken') this.fail(answer);
    return true;
  }

  pauseReads(): void {
    if (!this.reading) return;
    this.reading = false;
    this.socket.pause();
  }

  resumeReads(): void {
    if (this.reading) return;
    this.reading = true;
    this.socket.resume();
  }

  end(): void {
    this.isOver = true;
    this.socket.end();
  }

  destroy(): void {
    this.isOver = true;
    this.handler = nobody;
    this.socket.destroy();
  }

  reset(): void {
    this.isOver = true;
    this.handler = nobody;
    this.socket.resetAndDestroy();
  }

  /** The same socket: from now on what it reads is pushed, so that it is a stream like any other. */
  handOver(unread: Buffer): Duplex {
    this.isOver = true;
    this.handler = nobody;
    this.handedOver = true;
    this.socket.off('error', this.onError).off('end', this.onEnd).off('drain', this.onDrain).off('close', this.onClose);
    if (unread.length > 0) this.socket.unshift(unread);
    return this.socket;
  }

  private wait(bytes: number, slab: Buffer | null): boolean {
    this.waiting.push({ bytes, slab });
    this.waitingBytes += bytes;
    this.wasFull = this.waitingBytes >= this.socket.writableHighWaterMark;
    return !this.isCongested;
  }

  /** Told on a later tick, as node:net tells it. */
  private fail(status: number): void {
    this.isOver = true;
    this.socket.destroy(Object.assign(new Error('write'), { code: getSystemErrorName(status) }));
  }

  /** What socket.destroy() or a hand-over has made the stream's is left to it. */
  private readonly onDirectRead = (length: number): boolean => {
    if (this.handedOver || this.socket.destroyed) return false;
    this.handler.onRead(shared, length);
    return true;
  };

  private onRead(length: number): boolean {
    if (this.handedOver) return this.socket.push(Buffer.from(shared.subarray(0, length)));
    this.handler.onRead(shared, length);
    return this.reading;
  }

  /** In the order in which they were written; `slab`: of a copy, to be given back. */
  private readonly waiting: { readonly bytes: number; readonly slab: Buffer | null }[] = [];
  private readonly onWritten = (status: number): void => {
    const written = this.waiting.shift();
    if (written) this.waitingBytes -= written.bytes;
    if (written?.slab) copies.giveBack(written.slab);
    if (this.socket.destroyed) return;
    if (status !== 0) return this.fail(status);
    if (!this.wasFull || this.waitingBytes > 0) return;
    this.wasFull = false;
    if (!this.isCongested) this.handler.onDrain();
  };

  private readonly onError = (error: NodeJS.ErrnoException): void => {
    this.error = error.code ?? error.message;
  };

  private readonly onEnd = (): void => this.handler.onEnd();
  private readonly onDrain = (): void => {
    if (!this.wasFull) this.handler.onDrain();
  };

  private readonly onClose = (): void => {
    const { handler } = this;
    this.handler = nobody;
    handler.onClose(this.error);
  };
}
