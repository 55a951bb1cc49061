import type { Duplex } from 'node:stream';
import type { ListenPlace } from '../listening.js';
import type { Slab } from '../transport/slab.js';
import type { Listener, Transport, Wire, WireHandler } from '../transport/wire.js';
import type { Chunk } from './upstream-lane.js';

/** For tests: a wire of the real transport and its handler, with whatever a test does between them. Passes everything on. */
export class WrappedWire implements Wire, WireHandler {
  inner!: Wire;
  handler!: WireHandler;
  /** Whoever has it has ended it: nothing is to be told any more. */
  protected isOver = false;

  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }
  get isCongested(): boolean {
    return this.inner.isCongested;
  }
  get unsentBytes(): number {
    return this.inner.unsentBytes;
  }
  write(chunk: Chunk): boolean {
    return this.inner.write(chunk);
  }
  writeSlab(slab: Slab): boolean {
    return this.inner.writeSlab(slab);
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
    this.handler.onDrain();
  }
  onClose(error: string | null): void {
    this.isOver = true;
    this.handler.onClose(error);
  }
}

/** For tests: the real transport, each of whose wires is wrapped. */
export abstract class WrappedTransport<W extends WrappedWire> implements Transport {
  abstract readonly name: string;
  readonly pastStream = null;

  constructor(private readonly inner: Transport) {}

  protected abstract wrap(): W;

  get tier(): Transport['tier'] {
    return this.inner.tier;
  }

  prepare(): Promise<void> {
    return this.inner.prepare();
  }

  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return this.inner.listen(place, (inner) => {
      const wire = this.wrap();
      wire.inner = inner;
      wire.handler = accept(wire);
      return wire;
    });
  }

  connect(host: string, port: number, handler: WireHandler): W {
    const wire = this.wrap();
    wire.handler = handler;
    wire.inner = this.inner.connect(host, port, wire);
    return wire;
  }
}
