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
 * stop, and at the lease's end the process ends. Counts on this process's monotonic clock from when it was told.
 */
export class LeaseWatch {
  private timers: readonly NodeJS.Timeout[] = [];

  constructor(private readonly end: LeaseEnd) {}

  renew(validMs: number): void {
    this.stop();
    this.timers = [setTimeout(this.end.ending, validMs * (1 - finishingShare)), setTimeout(this.end.over, validMs)];
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }
}
