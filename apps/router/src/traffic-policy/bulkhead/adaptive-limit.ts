import { OwnCells, type BreakerCell } from '../across-workers/breaker-cells.js';
import { mayBeTenants, type AttemptOutcome } from '../traffic-policy.js';
import { Company } from './company.js';
import { StampHealth, type StampRound } from './stamp-health.js';

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
 * One for all workers that share the cell (L5).
 */
export class AdaptiveLimit {
  private readonly health: StampHealth;
  private readonly company = new Company();

  constructor(
    public limitMax: number,
    cell: BreakerCell = new OwnCells().cell(),
  ) {
    this.health = new StampHealth(cell);
  }

  get limit(): number {
    const { limit } = this.health;
    return limit === 0 || limit > this.limitMax ? this.limitMax : limit;
  }

  get isUnwell(): boolean {
    return this.limit < this.limitMax;
  }

  started(inFlight: number): void {
    this.health.started(inFlight);
  }

  attempted(outcome: AttemptOutcome, tookMs: number, nowMs: number, tenant: string): void {
    if (outcome === 'client_gone' || outcome === 'stale_connection' || outcome === 'overtaken') return;
    this.company.met(tenant, nowMs);
    if (mayBeTenants(outcome) && !this.company.bearsOut(tenant, nowMs)) return;
    const round = this.health.count(outcome !== 'answered', tookMs, nowMs, endedMin, roundMs);
    if (round !== null) this.judge(round);
  }

  setMax(limitMax: number): void {
    this.limitMax = limitMax;
  }

  private judge({ meanMs, failedRatio, mostInFlight }: StampRound): void {
    const { health, limit, limitMax } = this;
    const { usualMs } = health;
    const slow = usualMs > 0 && meanMs > usualMs * slowTimes && meanMs - usualMs > slowMsMin;
    if (slow || failedRatio > failedRatioMax) {
      // From what was really under way: a limit far above it would have to be lowered many times before it is felt.
      return health.set(Math.max(Math.min(limitMin, limitMax), Math.floor(Math.min(limit, mostInFlight) * backOff)), usualMs);
    }
    const weight = usualMs === 0 ? 1 : meanMs < usualMs ? usualDown : usualUp;
    const raised = limit + Math.max(1, Math.ceil(limit / 20));
    health.set(raised < limitMax ? raised : 0, usualMs + weight * (meanMs - usualMs));
  }
}
