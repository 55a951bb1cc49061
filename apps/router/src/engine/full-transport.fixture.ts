import type { Slab } from '../transport/slab.js';
import type { Chunk } from './upstream-lane.js';
import { WrappedTransport, WrappedWire } from './wrapped-transport.fixture.js';

/** For tests: the real transport, whose wires say after each write that they are full, and that they have room again on a later turn. */
export class FullTransport extends WrappedTransport<FullWire> {
  readonly name = 'full';

  protected wrap(): FullWire {
    return new FullWire();
  }
}

class FullWire extends WrappedWire {
  private isFull = false;

  override get isCongested(): boolean {
    return this.isFull || super.isCongested;
  }
  override write(chunk: Chunk): boolean {
    super.write(chunk);
    return this.fill();
  }
  override writeSlab(slab: Slab): boolean {
    super.writeSlab(slab);
    return this.fill();
  }
  override onDrain(): void {
    if (!this.isFull) super.onDrain();
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
