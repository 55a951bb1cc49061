import type { AttemptOutcome } from '../traffic-policy.js';

/** A judgement is made over this time, where enough has ended in it. */
const roundMs = 250;
const endedMin = 10;
/** More failures than this, and the stamp is unwell. */
const failedRatioMax = 0.1;
/** So many times the usual time to answer, and so much longer: unwell. */
const slowTimes = 3;
const slowMsMin = 100;
/** The usual time follows well rounds: quickly down, slowly up, so that a stamp that slowly drowns doesn't become usual. */
const usualDown = 0.25;
const usualUp = 0.02;
const backOff = 0.7;
/** Enough to go on hearing from a stamp how it is. */
const limitMin = 8;

/**
 * How much may be under way to a stamp, by how it does: additive increase, multiplicative decrease (Chiu and Jain, 1989;
 * used for concurrency by Netflix's concurrency-limits as AIMDLimit). Chosen over a latency gradient because a stamp's
 * requests differ too much in their times for a gradient of a few hundred milliseconds: only what is clearly ill counts.
 */
export class AdaptiveLimit {
  limit: number;
  private usualMs = 0;
  private roundEndsMs = 0;
  private ended = 0;
  private failed = 0;
  private sumMs = 0;
  private mostInFlight = 0;

  constructor(public limitMax: number) {
    this.limit = limitMax;
  }

  get isUnwell(): boolean {
    return this.limit < this.limitMax;
  }

  started(inFlight: number): void {
    if (inFlight > this.mostInFlight) this.mostInFlight = inFlight;
  }

  attempted(outcome: AttemptOutcome, tookMs: number, nowMs: number): void {
    if (outcome === 'client_gone' || outcome === 'stale_connection' || outcome === 'overtaken') return;
    this.ended += 1;
    this.sumMs += tookMs;
    if (outcome !== 'answered') this.failed += 1;
    if (nowMs < this.roundEndsMs || this.ended < endedMin) return;
    this.judge(this.sumMs / this.ended, this.failed / this.ended);
    this.roundEndsMs = nowMs + roundMs;
    this.ended = this.failed = this.sumMs = this.mostInFlight = 0;
  }

  setMax(limitMax: number): void {
    this.limit = this.isUnwell ? Math.min(this.limit, limitMax) : limitMax;
    this.limitMax = limitMax;
  }

  private judge(meanMs: number, failedRatio: number): void {
    const slow = this.usualMs > 0 && meanMs > this.usualMs * slowTimes && meanMs - this.usualMs > slowMsMin;
    if (slow || failedRatio > failedRatioMax) {
      // From what was really under way: a limit far above it would have to be lowered many times before it is felt.
      this.limit = Math.max(Math.min(limitMin, this.limitMax), Math.floor(Math.min(this.limit, this.mostInFlight) * backOff));
      return;
    }
    const weight = this.usualMs === 0 ? 1 : meanMs < this.usualMs ? usualDown : usualUp;
    this.usualMs += weight * (meanMs - this.usualMs);
    this.limit = Math.min(this.limitMax, this.limit + Math.max(1, Math.ceil(this.limit / 20)));
  }
}
