import type { Clock } from '@lapidary/kernel/clock';

/** A digest comes every five seconds, and two in a row must show a difference. */
const firstMs = 10_000;
/** A million tenants are two thousand pages of the control plane's database, for each router. */
const maxMs = 10 * 60_000;

/**
 * How soon the whole is loaded again where a load has not made the difference go away: an entry that this version can't read, say, stays one until
 * somebody brings a newer version. The first load comes at once, and each that was in vain doubles the pause behind it.
 */
export class LoadPauses {
  private inVain = 0;
  private untilMs = 0;

  constructor(private readonly clock: Clock) {}

  /** Whether it may be loaded now, which begins the next pause. */
  mayLoad(): boolean {
    const nowMs = this.clock.nowMs();
    // A clock that was set back must not make a pause longer.
    if (nowMs < this.untilMs && this.untilMs - nowMs <= maxMs) return false;
    this.untilMs = nowMs + Math.min(maxMs, firstMs * 2 ** this.inVain);
    this.inVain += 1;
    return true;
  }

  /** Nothing differs. */
  end(): void {
    this.inVain = 0;
    this.untilMs = 0;
  }
}
