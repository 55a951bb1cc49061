import type { Duplex } from 'node:stream';
import type { ListenPlace } from '../listening.js';
import type { Listener, Transport, Wire, WireHandler } from '../transport/wire.js';
import type { Chunk } from './upstream-lane.js';

export const faults = ['reset', 'end', 'close', 'stall'] as const;
export type Fault = (typeof faults)[number];

/** Operations of all wires, counted in order. */
export type Operation = 'connect' | 'connected' | 'read' | 'write' | 'end' | 'drain';

/**
 * For tests: the real transport on which the nth operation goes wrong. `reset`: the connection breaks there, and is told so
 * on a later tick, as the contract wants; `end`: the peer is seen to close its side; `close`: it is gone without an error;
 * `stall`: from there on nothing moves any more in that direction, and nobody is told.
 */
export class FaultyTransport implements Transport {
  readonly name = 'faulty';
  readonly pastStream = null;
  readonly operations: Operation[] = [];

  /** `at`: index of the operation that fails; -1 for none. */
  constructor(
    private at: number,
    readonly fault: Fault,
    private readonly inner: Transport,
  ) {}

  get tier(): Transport['tier'] {
    return this.inner.tier;
  }

  prepare(): Promise<void> {
    return this.inner.prepare();
  }

  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return this.inner.listen(place, (inner) => {
      const wire = new FaultyWire(this);
      wire.inner = inner;
      wire.handler = accept(wire);
      return wire;
    });
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const wire = new FaultyWire(this);
    wire.handler = handler;
    wire.inner = this.inner.connect(host, port, wire);
    wire.meet('connect');
    return wire;
  }

  /** From now on everything goes well. */
  disarm(): void {
    this.at = -1;
  }

  fails(operation: Operation): boolean {
    return this.operations.push(operation) - 1 === this.at;
  }
}

class FaultyWire implements Wire, WireHandler {
  inner!: Wire;
  handler!: WireHandler;
  private stalled = false;
  /** The fault has cut it; the handler is told on a later tick. */
  private broken = false;
  /** Nothing is to be told any more. */
  private silent = false;

  constructor(private readonly transport: FaultyTransport) {}

  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }
  get isCongested(): boolean {
    return this.stalled || this.inner.isCongested;
  }

  get unsentBytes(): number {
    return this.inner.unsentBytes;
  }

  write(chunk: Chunk): boolean {
    this.meet('write');
    if (this.dead) return !this.stalled;
    return this.inner.write(chunk);
  }
  writeLent(before: string, bytes: Buffer, from: number, to: number): boolean {
    this.meet('write');
    if (this.dead) return !this.stalled;
    return this.inner.writeLent(before, bytes, from, to);
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
    this.meet('end');
    if (!this.dead) this.inner.end();
  }
  destroy(): void {
    this.silent = true;
    this.inner.destroy();
  }
  reset(): void {
    this.silent = true;
    this.inner.reset();
  }
  handOver(unread: Buffer): Duplex {
    this.silent = true;
    return this.inner.handOver(unread);
  }

  onConnect(): void {
    this.meet('connected');
    if (!this.dead) this.handler.onConnect?.();
  }
  onRead(bytes: Buffer, length: number): void {
    if (this.dead) return;
    this.meet('read');
    if (!this.dead) this.handler.onRead(bytes, length);
  }
  onEnd(): void {
    if (!this.dead) this.handler.onEnd();
  }
  onDrain(): void {
    this.meet('drain');
    if (!this.dead) this.handler.onDrain();
  }
  onClose(error: string | null): void {
    if (this.broken || this.silent) return;
    this.silent = true;
    this.handler.onClose(error);
  }

  private get dead(): boolean {
    return this.stalled || this.broken || this.silent;
  }

  meet(operation: Operation): void {
    if (this.silent || this.broken || !this.transport.fails(operation)) return;
    if (this.transport.fault === 'stall') this.stalled = true;
    else if (this.transport.fault === 'end') setImmediate(() => this.silent || this.handler.onEnd());
    else {
      this.broken = true;
      this.inner.reset();
      setImmediate(() => this.silent || this.handler.onClose(this.transport.fault === 'reset' ? 'ECONNRESET' : null));
    }
  }
}
