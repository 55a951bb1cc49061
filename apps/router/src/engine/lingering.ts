import { LastBytes, lookEveryMs } from '../last-bytes.js';
import type { Wire } from '../transport/wire.js';
import { Deadline } from './deadline-wheel.js';
import type { EngineContext } from './engine-context.js';

/** A connection behind its last answer. */
export class Lingering {
  private readonly deadline = new Deadline(() => this.look());
  private readonly last: LastBytes;

  /** `takesMs`: as of LastBytes. `reads`: else what came with the last message says nothing of what still comes. `onOver`: what is unsent by then stays so. */
  constructor(
    private readonly context: Pick<EngineContext, 'wheel' | 'timeouts'>,
    private readonly wire: Pick<Wire, 'unsentBytes'>,
    takesMs: number,
    private readonly reads: boolean,
    private readonly onOver: () => void,
  ) {
    this.last = new LastBytes(wire.unsentBytes, takesMs, context.timeouts.idleMs);
    this.wait(lookEveryMs);
  }

  /** The client still sends. */
  heard(): void {
    if (this.reads) this.last.giveMore();
  }

  forget(): void {
    this.context.wheel.disarm(this.deadline);
  }

  private look(): void {
    const leftMs = this.last.leftMs(this.wire.unsentBytes);
    if (leftMs > 0) this.wait(Math.min(leftMs, lookEveryMs));
    else this.onOver();
  }

  private wait(ms: number): void {
    this.context.wheel.arm(this.deadline, ms);
  }
}
