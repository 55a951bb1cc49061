import { dropMs } from './client-bounds.js';
import { nowMs } from './read-clock.js';

/** A client that doesn't close its side would keep the socket for good. */
export const lingerMs = 1_000;
export const lookEveryMs = 1_000;

/**
 * How long a connection is kept behind its last answer. What waits for the client to read would be lost with the socket, so there is no end before
 * it has gone, unless nothing of it moves for the idle time. Then the client gets a while to take what the kernel has of it, since closing on bytes
 * that nobody has read resets it (RFC 9112 §9.6): longer where it has been seen to be slow, or is still sending. Looked at now and then: a wire
 * tells when a whole piece has gone, and nobody here is in a hurry.
 */
export class LastBytes {
  private movedMs = nowMs();

  /**
   * `unsent`: bytes that wait, which says nothing yet: TLS takes a turn of the loop for whatever is written. `takesMs`: the while, where there are
   * none; 0: none at all.
   */
  constructor(
    private unsent: number,
    private takesMs: number,
    private readonly idleMs: number,
  ) {}

  /** The client still sends. */
  giveMore(): void {
    if (this.takesMs > 0) this.takesMs = dropMs;
  }

  /** Where so much is unsent now, some time after it was written; 0 or less: it is time to end. */
  leftMs(unsent: number): number {
    const now = nowMs();
    if (unsent > 0) this.giveMore();
    if (unsent !== this.unsent) this.movedMs = now;
    this.unsent = unsent;
    return this.movedMs + (unsent > 0 ? this.idleMs : this.takesMs) - now;
  }
}
