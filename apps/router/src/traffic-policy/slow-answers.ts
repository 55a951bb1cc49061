/** Answers that say how fast a stamp is; before, nobody is asked twice. */
const answersMin = 50;
/** A doubling takes some ten slow answers, a halving some hundred and forty that are not: a stamp that slows down is soon waited for longer. */
const up = 0.095;
/** So that with one in twenty above it stands still: that is the 95th percentile. */
const down = up / 19;
/** A timer is no more exact. */
const afterMsMin = 1;

/** The 95th percentile of a stamp's times to answer, followed: one number, no samples kept. */
export class SlowAnswers {
  private p95Ms = 0;
  private answers = 0;

  answered(tookMs: number): void {
    this.answers += 1;
    if (this.p95Ms === 0) this.p95Ms = Math.max(tookMs, afterMsMin);
    else this.p95Ms = Math.max(afterMsMin, this.p95Ms * (tookMs > this.p95Ms ? 1 + up : 1 - down));
  }

  /** Given up after `tookMs` since another answered first: says something where it had taken longer than most. */
  overtaken(tookMs: number): void {
    if (tookMs > this.p95Ms) this.answered(tookMs);
  }

  /** When one more may be asked; 0: not at all, for too little is known. */
  get afterMs(): number {
    return this.answers < answersMin ? 0 : this.p95Ms;
  }
}
