import { machineNowMs } from '@lapidary/kernel/machine-clock';

export interface LeaseEnd {
  /** Stop after what is in hand. */
  readonly ending: () => void;
  /** Another may hold the stack from now on. */
  readonly over: () => void;
}

/** The last part of the lease is for finishing what is in hand; at its end nothing may happen any more. */
const finishingShare = 0.4;

/**
 * Keeps a child inside its parent's lease: as long as the parent renews, nothing happens; when renewals stay out the work is told to
 * stop, and at the lease's end the process ends. Ends are moments of the machine's clock and not spans, so that a renewal which was
 * read late does not count from then.
 */
export class LeaseWatch {
  private timers: readonly NodeJS.Timeout[] = [];
  private readonly due = new Set<NodeJS.Immediate>();

  constructor(
    private readonly end: LeaseEnd,
    private readonly nowMs: () => number = machineNowMs,
  ) {}

  renew(untilMs: number): void {
    this.stop();
    const leftMs = Math.max(0, untilMs - this.nowMs());
    this.timers = [this.after(leftMs * (1 - finishingShare), this.end.ending), this.after(leftMs, this.end.over)];
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const immediate of this.due) clearImmediate(immediate);
    this.timers = [];
    this.due.clear();
  }

  /**
   * A process that was busy meets its timers before its mail: loading the engine's SDK takes one second, on a busy machine ten. So
   * what has come in meanwhile is read first, and a renewal among it counts.
   */
  private after(ms: number, act: () => void): NodeJS.Timeout {
    return setTimeout(() => this.due.add(setImmediate(act)), ms);
  }
}
