import { roundingSlack } from './limits/limit.js';

/** Repeats that may be saved up; more would let a storm through at once. */
const repeatsSavedMax = 100;

/**
 * Repeats are a share of requests, and a few per second anyway, so that they help a small failure and can't multiply a
 * large one (P-LB3). A bucket that each request fills by `ratio` and time by `perSecondMin`.
 */
export class RetryBudget {
  private saved = 0;
  private sinceMs: number | null = null;

  constructor(private readonly savedMax = repeatsSavedMax) {}

  requested(ratio: number): void {
    this.saved = Math.min(this.savedMax, this.saved + ratio);
  }

  take(perSecondMin: number, nowMs: number): boolean {
    // Starts with one second's worth of them.
    const passedMs = this.sinceMs === null ? 1_000 : Math.max(0, nowMs - this.sinceMs);
    this.sinceMs = nowMs;
    this.saved = Math.min(this.savedMax, this.saved + (perSecondMin * passedMs) / 1000);
    if (this.saved < 1 - roundingSlack) return false;
    this.saved -= 1;
    return true;
  }
}
