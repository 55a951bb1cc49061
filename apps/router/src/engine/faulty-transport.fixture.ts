import { slabs, type Slab } from '../transport/slab.js';
import type { Transport, WireHandler } from '../transport/wire.js';
import type { Chunk } from './upstream-lane.js';
import { WrappedTransport, WrappedWire } from './wrapped-transport.fixture.js';

export const faults = ['reset', 'end', 'close', 'stall'] as const;
export type Fault = (typeof faults)[number];

/** Operations of all wires, counted in order. */
export type Operation = 'connect' | 'connected' | 'read' | 'write' | 'end' | 'drain';

/**
 * For tests: the real transport on which the nth operation goes wrong. `reset`: the connection breaks there, and is told so
 * on a later tick, as the contract wants; `end`: the peer is seen to close its side; `close`: it is gone without an error;
 * `stall`: from there on nothing moves any more in that direction, and nobody is told.
 */
export class FaultyTransport extends WrappedTransport<FaultyWire> {
  readonly name = 'faulty';
  readonly operations: Operation[] = [];

  /** `at`: index of the operation that fails; -1 for none. */
  constructor(
    private at: number,
    readonly fault: Fault,
    inner: Transport,
  ) {
    super(inner);
  }

  override connect(host: string, port: number, handler: WireHandler): FaultyWire {
    const wire = super.connect(host, port, handler);
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

  protected wrap(): FaultyWire {
    return new FaultyWire(this);
  }
}

class FaultyWire extends WrappedWire {
  private stalled = false;
  /** The fault has cut it; the handler is told on a later tick. */
  private broken = false;

  constructor(private readonly transport: FaultyTransport) {
    super();
  }

  override get isCongested(): boolean {
    return this.stalled || super.isCongested;
  }

  override write(chunk: Chunk): boolean {
    this.meet('write');
    return this.dead ? !this.stalled : super.write(chunk);
  }
  override writeSlab(slab: Slab): boolean {
    this.meet('write');
    if (!this.dead) return super.writeSlab(slab);
    slabs.giveBack(slab);
    return !this.stalled;
  }
  override end(): void {
    this.meet('end');
    if (!this.dead) super.end();
  }

  override onConnect(): void {
    this.meet('connected');
    if (!this.dead) super.onConnect();
  }
  override onRead(bytes: Buffer, length: number): void {
    if (this.dead) return;
    this.meet('read');
    if (!this.dead) super.onRead(bytes, length);
  }
  override onEnd(): void {
    if (!this.dead) super.onEnd();
  }
  override onDrain(): void {
    this.meet('drain');
    if (!this.dead) super.onDrain();
  }
  override onClose(error: string | null): void {
    if (!this.broken && !this.isOver) super.onClose(error);
  }

  private get dead(): boolean {
    return this.stalled || this.broken || this.isOver;
  }

  meet(operation: Operation): void {
    if (this.isOver || this.broken || !this.transport.fails(operation)) return;
    if (this.transport.fault === 'stall') this.stalled = true;
    else if (this.transport.fault === 'end') setImmediate(() => this.isOver || this.handler.onEnd());
    else {
      this.broken = true;
      this.inner.reset();
      setImmediate(() => this.isOver || this.handler.onClose(this.transport.fault === 'reset' ? 'ECONNRESET' : null));
    }
  }
}
