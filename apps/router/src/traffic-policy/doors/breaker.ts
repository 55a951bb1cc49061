import { nextState } from '@lapidary/kernel/transition-table';
import { RollingCounts } from './rolling-counts.js';
import { breakerTable, type BreakerEvent, type BreakerState } from './breaker-states.js';

/** Less may be chance. */
const failuresOnEndMax = 5;
const attemptsMin = 20;
const failureRatioMax = 0.5;
/** A stamp's agent is back from a restart within about a second. */
const restMsFirst = 1_000;
/** A door that is gone for good is tried this often. */
const restMsMax = 30_000;
/** Routers that opened together don't probe together. */
const restJitter = 0.2;
const answersToClose = 2;
/** A probe that nobody reports on (a caller's mistake) must not close the door for good. */
const probeMsMax = 60_000;

export type Random = () => number;

/**
 * Moves by breakerTable; every method is O(1) and allocates nothing while the state stays. It isn't told which attempt an
 * end belongs to: an attempt from before the opening that fails late opens it again, which errs on the safe side.
 */
export class Breaker {
  state: BreakerState = 'closed';
  readonly counts = new RollingCounts();
  private failuresOnEnd = 0;
  private answersOnEnd = 0;
  private probeSinceMs: number | null = null;
  private restMs = restMsFirst;
  private restsUntilMs = 0;

  constructor(private readonly random: Random = Math.random) {}

  /** Whether a request may be sent now. */
  allows(nowMs: number): boolean {
    if (this.state === 'closed') return true;
    if (this.state === 'open') return nowMs >= this.restsUntilMs;
    return this.probeSinceMs === null || nowMs - this.probeSinceMs >= probeMsMax;
  }

  /** Until a request may be tried again; 0 where it may now. */
  waitMs(nowMs: number): number {
    return this.state === 'open' ? Math.max(0, this.restsUntilMs - nowMs) : 0;
  }

  /** A request is sent, as was allowed. */
  sent(nowMs: number): void {
    if (this.state === 'open') this.on('rested');
    if (this.state === 'half_open') this.probeSinceMs = nowMs;
  }

  answered(nowMs: number): void {
    this.failuresOnEnd = 0;
    this.counts.good(nowMs);
    if (this.state !== 'half_open') return;
    this.probeSinceMs = null;
    this.answersOnEnd += 1;
    if (this.answersOnEnd >= answersToClose) this.on('recovered');
  }

  /** `isLocal`: a failure of this one request's making, such as an error answer; only many on end speak against the door. */
  failed(nowMs: number, isLocal: boolean): void {
    this.failuresOnEnd += 1;
    if (!isLocal) this.counts.bad(nowMs);
    if (this.state === 'half_open') {
      this.restMs = Math.min(this.restMs * 2, restMsMax);
      this.rest(nowMs, 'probe_failed');
    } else if (this.state === 'closed' && this.isTooMuch(nowMs)) {
      this.rest(nowMs, 'tripped');
    }
  }

  /** The request ended without saying anything of the door. */
  saidNothing(): void {
    this.probeSinceMs = null;
  }

  checkedWell(): void {
    if (this.state === 'open') this.on('checked_well');
  }

  private isTooMuch(nowMs: number): boolean {
    if (this.failuresOnEnd >= failuresOnEndMax) return true;
    const { total, ratio } = this.counts.read(nowMs);
    return total >= attemptsMin && ratio >= failureRatioMax;
  }

  private rest(nowMs: number, event: BreakerEvent): void {
    this.on(event);
    this.restsUntilMs = nowMs + this.restMs * (1 + restJitter * this.random());
  }

  private on(event: BreakerEvent): void {
    this.state = nextState(breakerTable, this.state, event);
    this.probeSinceMs = null;
    this.answersOnEnd = 0;
    if (this.state !== 'closed') return;
    this.failuresOnEnd = 0;
    this.restMs = restMsFirst;
    this.counts.clear();
  }
}
