import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Chunk } from '../engine/upstream-lane.js';
import { slabs, type Slab } from './slab.js';
import { nobody, type Wire, type WireHandler } from './wire.js';

/** Up to here a slab's text is written in its place, so that it serves again at once; a stream says later when it has taken bytes. */
export const smallBytesMax = 2 * 1024;

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

  writeSlab(slab: Slab): boolean {
    const { socket } = this;
    if (socket.writable && slab.size > smallBytesMax) return socket.write(slab.view(), () => slabs.giveBack(slab));
    const text = socket.writable ? slab.text() : '';
    slabs.giveBack(slab);
    return text === '' || socket.write(text, 'latin1');
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
