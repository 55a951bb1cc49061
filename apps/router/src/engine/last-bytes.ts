import { dropMs } from '../client-bounds.js';
import { nowMs } from '../read-clock.js';
import type { Wire } from '../transport/wire.js';
import { Deadline } from './deadline-wheel.js';
import type { EngineContext } from './engine-context.js';

/** A client that doesn't close its side would keep the socket for good. */
export const lingerMs = 1_000;
const lookEveryMs = 1_000;

/**
 * How long a connection is kept behind its last answer. What waits for the client to read would be lost with the socket, so there is no end before
 * it has gone, unless nothing of it moves for the idle time. Then the client gets a while to take what the kernel has of it, since closing on bytes
 * that nobody has read resets it (RFC 9112 §9.6): longer where it has been seen to be slow, or is still sending. Looked at now and then: a wire
 * tells when a whole piece has gone, and nobody here is in a hurry.
 */
export class LastBytes {
  private readonly deadline = new Deadline(() => this.look());
  private unsent: number;
  private movedMs = nowMs();

  /** `takesMs`: the while, where all is sent at once; 0: none. `onOver`: what is unsent by then stays so. */
  constructor(
    private readonly context: Pick<EngineContext, 'wheel' | 'timeouts'>,
    private readonly wire: Pick<Wire, 'unsentBytes'>,
    private takesMs: number,
    private readonly onOver: () => void,
  ) {
    this.unsent = wire.unsentBytes;
    if (this.unsent > 0) this.giveMore();
    this.wait(Math.max(this.leftMs(), 1));
  }

  /** The client still sends. */
  giveMore(): void {
    if (this.takesMs > 0) this.takesMs = dropMs;
  }

  forget(): void {
    this.context.wheel.disarm(this.deadline);
  }

  private look(): void {
    const leftMs = this.leftMs();
    if (leftMs > 0) this.wait(leftMs);
    else this.onOver();
  }

  private leftMs(): number {
    const { unsentBytes } = this.wire;
    const now = nowMs();
    if (unsentBytes !== this.unsent) this.movedMs = now;
    this.unsent = unsentBytes;
    return this.movedMs + (unsentBytes > 0 ? this.context.timeouts.idleMs : this.takesMs) - now;
  }

  private wait(ms: number): void {
    this.context.wheel.arm(this.deadline, Math.min(ms, lookEveryMs));
  }
}
