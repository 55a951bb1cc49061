import type { AttemptOutcome } from '../traffic-policy.js';
import { OwnCells, type BreakerCell } from '../across-workers/breaker-cells.js';
import { OwnPlace, type Place } from '../across-workers/place.js';
import { Breaker, ofTheDoor, type Random } from './breaker.js';
import { DoorHealth } from './door-health.js';
import { markOf } from './tenant-mark.js';

/** Long enough to spare most requests a refused connection, short enough that a restarted door is found again at once. */
const avoidMs = 2_000;
/** With fewer under way, silence may be one slow request's. */
const silentInUseMin = 3;
/** A door that answers nobody for this long, or for so many times its usual, hangs (P-LB5). */
const silentMsMin = 250;
const silentTimesUsual = 8;
/** Weight of the newest of the times to answer in the usual one. */
const newestWeight = 0.1;

/** One front door of one stamp, as this router has met it. */
export class Door {
  readonly breaker: Breaker;
  weight = 1;
  /** Usual time to the head of an answer; 0 until there was one. */
  usualMs = 0;
  readonly health: DoorHealth;
  private avoidedUntilMs = 0;
  /** Of the requests under way none has been answered since. */
  private silentSinceMs = 0;

  constructor(
    readonly url: string,
    random?: Random,
    cell: BreakerCell = new OwnCells().cell(),
    /** Of all workers' connections to it. */
    private readonly place: Place = new OwnPlace(),
  ) {
    this.breaker = new Breaker(random, cell);
    this.health = new DoorHealth(cell);
  }

  /** By this worker. */
  get inUse(): number {
    return this.place.ours;
  }

  /** Whether it is passed over where there are others: not for good, since a door that is tried recovers. */
  isSuspect(nowMs: number): boolean {
    return this.health.isOut(nowMs) || nowMs < this.avoidedUntilMs || this.hangs(nowMs);
  }

  hangs(nowMs: number): boolean {
    return this.inUse >= silentInUseMin && nowMs - this.silentSinceMs > Math.max(silentMsMin, silentTimesUsual * this.usualMs);
  }

  isFull(inUseMax: number): boolean {
    return this.place.taken >= inUseMax;
  }

  /** false: another worker took the last connection, or the probe, meanwhile; nothing must be sent. */
  sent(inUseMax: number, nowMs: number): boolean {
    if (!this.place.enter(inUseMax)) return false;
    if (!this.breaker.sent(nowMs)) {
      this.place.leave();
      return false;
    }
    if (this.inUse === 1) this.silentSinceMs = nowMs;
    return true;
  }

  ended(outcome: AttemptOutcome, tookMs: number, nowMs: number, tenant: string): void {
    this.place.leave();
    switch (outcome) {
      case 'answered':
        this.silentSinceMs = nowMs;
        this.avoidedUntilMs = 0;
        this.usualMs = this.usualMs === 0 ? tookMs : this.usualMs + newestWeight * (tookMs - this.usualMs);
        return this.breaker.answered(nowMs);
      case 'server_error':
        this.silentSinceMs = nowMs;
        return this.breaker.failed(nowMs, true);
      case 'request_error':
        this.silentSinceMs = nowMs;
        return this.breaker.failed(nowMs, true, this.whose(tenant));
      case 'unreachable':
        this.avoidedUntilMs = nowMs + avoidMs;
        return this.breaker.failed(nowMs, false);
      case 'reset':
        return this.breaker.failed(nowMs, false);
      case 'timeout':
      case 'cut':
        return this.breaker.failed(nowMs, false, this.whose(tenant));
      case 'stale_connection':
      case 'client_gone':
      case 'overtaken':
        return this.breaker.saidNothing();
    }
  }

  /** Where its health check fails as well, it needs no other tenant to bear a failure out. */
  private whose(tenant: string): number {
    return this.health.isIll ? ofTheDoor : markOf(tenant);
  }

  checked(isWell: boolean): void {
    this.health.checked(isWell);
    if (!isWell) return;
    this.avoidedUntilMs = 0;
    this.breaker.checkedWell();
  }
}
