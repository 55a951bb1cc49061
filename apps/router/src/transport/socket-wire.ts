import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Chunk } from '../engine/upstream-lane.js';
import { LentCopies } from './lent-copies.js';
import { nobody, type Wire, type WireHandler } from './wire.js';

const copies = new LentCopies();

/** What wires over sockets of Node have in common, whichever way they read. Errors come on a later tick by node:net's own rules. */
export abstract class SocketWire implements Wire {
  protected handler: WireHandler = nobody;
  protected reading = true;
  private error: string | null = null;

  constructor(
    readonly socket: Socket,
    readonly remoteAddress: string,
  ) {
    socket.on('error', this.onError).on('end', this.onEnd).on('drain', this.onDrain).on('close', this.onClose);
  }

  abstract reset(): void;
  abstract handOver(unread: Buffer): Duplex;

  start(handler: WireHandler): void {
    this.handler = handler;
  }

  get isCongested(): boolean {
    return this.socket.writableNeedDrain;
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  write(chunk: Chunk): boolean {
    return !this.socket.writable || this.socket.write(chunk, 'latin1');
  }

  writeLent(before: string, bytes: Buffer, from: number, to: number): boolean {
    const { socket } = this;
    if (!socket.writable) return true;
    if (!copies.fits(before, to - from)) return this.write(Buffer.concat([Buffer.from(before, 'latin1'), bytes.subarray(from, to)]));
    const slab = copies.take();
    const at = before === '' ? 0 : slab.write(before, 0, 'latin1');
    return socket.write(slab.subarray(0, at + bytes.copy(slab, at, from, to)), () => copies.giveBack(slab));
  }

  leaveUnread(): void {
    this.pauseReads();
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
    this.socket.end();
  }

  destroy(): void {
    this.handler = nobody;
    this.socket.destroy();
  }

  /** From now on it is somebody else's. */
  protected letGo(): void {
    this.handler = nobody;
    this.socket.off('error', this.onError).off('end', this.onEnd).off('drain', this.onDrain).off('close', this.onClose);
  }

  private readonly onError = (error: NodeJS.ErrnoException): void => {
    this.error = error.code ?? error.message;
  };

  private readonly onEnd = (): void => this.handler.onEnd();
  private readonly onDrain = (): void => this.handler.onDrain();

  private readonly onClose = (): void => {
    const { handler } = this;
    this.handler = nobody;
    handler.onClose(this.error);
  };
}
