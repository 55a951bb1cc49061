import type { Duplex } from 'node:stream';
import type { ListenPlace } from '../listening.js';
import type { Listener, Transport, Wire, WireHandler } from '../transport/wire.js';
import type { Chunk } from './upstream-lane.js';

/** For tests: the real transport, whose wires say after each write that they are full, and that they have room again on a later turn. */
export class FullTransport implements Transport {
  readonly name = 'full';
  readonly pastStream = null;

  constructor(private readonly inner: Transport) {}

  get tier(): Transport['tier'] {
    return this.inner.tier;
  }

  prepare(): Promise<void> {
    return this.inner.prepare();
  }

  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return this.inner.listen(place, (inner) => {
      const wire = new FullWire();
      wire.inner = inner;
      wire.handler = accept(wire);
      return wire;
    });
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const wire = new FullWire();
    wire.handler = handler;
    wire.inner = this.inner.connect(host, port, wire);
    return wire;
  }
}

class FullWire implements Wire, WireHandler {
  inner!: Wire;
  handler!: WireHandler;
  private isFull = false;
  private isOver = false;

  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }
  get isCongested(): boolean {
    return this.isFull || this.inner.isCongested;
  }
  get unsentBytes(): number {
    return this.inner.unsentBytes;
  }
  write(chunk: Chunk): boolean {
    this.inner.write(chunk);
    return this.fill();
  }
  writeLent(before: string, bytes: Buffer, from: number, to: number): boolean {
    this.inner.writeLent(before, bytes, from, to);
    return this.fill();
  }
  leaveUnread(): void {
    this.inner.leaveUnread();
  }
  pauseReads(): void {
    this.inner.pauseReads();
  }
  resumeReads(): void {
    this.inner.resumeReads();
  }
  end(): void {
    this.inner.end();
  }
  destroy(): void {
    this.isOver = true;
    this.inner.destroy();
  }
  reset(): void {
    this.isOver = true;
    this.inner.reset();
  }
  handOver(unread: Buffer): Duplex {
    this.isOver = true;
    return this.inner.handOver(unread);
  }
  onConnect(): void {
    this.handler.onConnect?.();
  }
  onRead(bytes: Buffer, length: number): void {
    this.handler.onRead(bytes, length);
  }
  onEnd(): void {
    this.handler.onEnd();
  }
  onDrain(): void {
    if (!this.isFull) this.handler.onDrain();
  }
  onClose(error: string | null): void {
    this.isOver = true;
    this.handler.onClose(error);
  }

  private fill(): false {
    if (!this.isFull) setImmediate(() => this.empty());
    this.isFull = true;
    return false;
  }

  private empty(): void {
    if (this.isOver) return;
    if (this.inner.isCongested) return void setImmediate(() => this.empty());
    this.isFull = false;
    this.handler.onDrain();
  }
}
