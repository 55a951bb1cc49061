import type { StampRoute } from '@lapidary/contracts/directory';
import type { ResponseHead } from '../http1/response-head.js';
import { attemptOutcome } from '../pipeline/attempt-outcome.js';
import { nowMs } from '../read-clock.js';
import { isRefused } from '../traffic-policy/traffic-policy.js';
import type { EngineContext } from './engine-context.js';
import type { LaneExchange, LaneFailure, LaneRequest, LaneSink, UpstreamLane } from './upstream-lane.js';

/** Whose request it is; all of it the exchange's own. */
export interface Hedged {
  readonly context: Pick<EngineContext, 'policy' | 'lanes' | 'metrics'>;
  readonly stamp: StampRoute;
  readonly tenant: string;
  readonly door: string;
  readonly request: LaneRequest;
  /** What is counted as its attempt. */
  readonly attempt: { goesOnAt(door: string, startedMs: number): void };
  readonly sink: LaneSink;
  /** Whether the request would go where it went, as the directory is now: not where its tenant is frozen or elsewhere since (I1). */
  readonly stillHolds: () => boolean;
}

/** Reading twice is reading once. PUT and DELETE are idempotent, too, but one given up may arrive behind a later write. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
export const mayBeDoubled = (method: string, bodyBytes: number): boolean => bodyBytes === 0 && safeMethods.has(method);

/**
 * One request that is sent to a second front door of its stamp where the first is slow to answer (docs/adr/0063). What always holds:
 * - H1 Only requests that mayBeDoubled, once each, and within the stamp's budget.
 * - H2 Both are the same bytes: the tenant and its epoch go with both, and only while both still hold (I1, I4).
 * - H3 The sink hears of one of them: of the first whose answer begins and is no error while the other may still answer.
 * - H4 The other is given up at once, its connection with it, and nothing is said of its front door.
 *
 *   first      | second     | what happens                    | then
 *   -----------+------------+---------------------------------+----------------------
 *   under way  | –          | the time is over, policy allows | both under way
 *   under way  | –          | first answers or fails          | the sink hears it
 *   under way  | under way  | one answers                     | it alone; the other is given up
 *   under way  | under way  | one fails, or second says 5xx   | the other alone
 *   any        | any        | the exchange cancels            | both are given up
 */
export class Hedge implements LaneExchange {
  private readonly first: Runner;
  private second: Runner | null = null;
  private timer: NodeJS.Timeout | null;

  constructor(
    readonly of: Hedged,
    lane: UpstreamLane,
    afterMs: number,
  ) {
    this.first = new Runner(this, of.door);
    this.first.lane = lane.send(of.request, this.first);
    this.timer = setTimeout(() => this.askAnother(), afterMs);
  }

  get isOpen(): boolean {
    return this.first.lane?.isOpen === true || this.second?.lane?.isOpen === true;
  }

  /** One of the two is under way: what it says before its answer is said by the only one there is (H3). */
  get isAlone(): boolean {
    return this.first.lane === null || !this.second || this.second.lane === null;
  }

  // H1: there is no body.
  write(): boolean {
    return true;
  }
  flush(): void {}
  end(): void {}

  pause(): void {
    this.first.lane?.pause();
    this.second?.lane?.pause();
  }

  resume(): void {
    this.first.lane?.resume();
    this.second?.lane?.resume();
  }

  cancel(quietly?: boolean): void {
    this.stopWaiting();
    const isRace = this.first.lane !== null && this.second !== null && this.second.lane !== null;
    this.first.lane?.cancel(quietly);
    this.second?.lane?.cancel(quietly);
    // The exchange tells what became of the one that is its attempt's.
    if (isRace) this.giveUp(this.second!);
    this.first.lane = null;
    if (this.second) this.second.lane = null;
  }

  /** Whether this one is the only one from now on. */
  answers(runner: Runner, status: number): boolean {
    this.stopWaiting();
    const other = runner === this.first ? this.second : this.first;
    if (!other || other.lane === null) return true;
    if (runner === this.second && status >= 500) {
      runner.lane?.cancel(true);
      this.giveUp(runner);
      this.of.context.metrics.lapidary_router_hedges_total.inc({ outcome: 'lost' });
      return false;
    }
    other.lane.cancel(true);
    this.giveUp(other);
    if (runner === this.second) this.switchTo(runner);
    this.of.context.metrics.lapidary_router_hedges_total.inc({ outcome: runner === this.second ? 'won' : 'lost' });
    return true;
  }

  failed(runner: Runner, failure: LaneFailure): void {
    this.stopWaiting();
    runner.lane = null;
    const other = runner === this.first ? this.second : this.first;
    if (!other || other.lane === null) return this.of.sink.onFailed(failure);
    const now = nowMs();
    const { context, stamp, tenant } = this.of;
    const { policy, metrics } = context;
    policy.attempted(stamp.stamp, runner.door, attemptOutcome(failure, ''), now - runner.startedMs, now, tenant);
    metrics.lapidary_router_hedges_total.inc({ outcome: runner === this.second ? 'lost' : 'won' });
    if (other === this.second) this.switchTo(other);
  }

  private askAnother(): void {
    this.timer = null;
    const { context, stamp, door, request, stillHolds } = this.of;
    const { policy, lanes } = context;
    const now = nowMs();
    if (!stillHolds() || !policy.mayHedge(stamp.stamp, now)) return;
    const other = policy.choose(stamp, new Set([door]), now);
    if (isRefused(other)) return;
    const lane = lanes.lane(other, stamp.stamp);
    this.second = new Runner(this, other);
    if (lane === null) return this.giveUp(this.second);
    this.second.lane = lane.send(request, this.second);
  }

  /** What becomes of it is the exchange's attempt from now on. */
  private switchTo(second: Runner): void {
    this.of.attempt.goesOnAt(second.door, second.startedMs);
  }

  /** H4. */
  private giveUp(runner: Runner): void {
    runner.lane = null;
    const now = nowMs();
    const { context, stamp, tenant } = this.of;
    context.policy.attempted(stamp.stamp, runner.door, 'overtaken', now - runner.startedMs, now, tenant);
  }

  private stopWaiting(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** One of the two attempts. */
class Runner implements LaneSink {
  readonly startedMs = nowMs();
  /** null: given up, failed, or not begun. */
  lane: LaneExchange | null = null;

  constructor(
    private readonly hedge: Hedge,
    readonly door: string,
  ) {}

  onWritable(): void {
    this.hedge.of.sink.onWritable();
  }

  onInterim(bytes: Buffer, head: ResponseHead): void {
    if (this.lane !== null && this.hedge.isAlone) this.hedge.of.sink.onInterim(bytes, head);
  }

  onHead(bytes: Buffer, head: ResponseHead): void {
    if (this.lane !== null && this.hedge.answers(this, head.status)) this.hedge.of.sink.onHead(bytes, head);
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    if (this.lane !== null) this.hedge.of.sink.onBody(bytes, from, to);
  }

  onReadDone(): void {
    if (this.lane !== null) this.hedge.of.sink.onReadDone();
  }

  onEnd(): void {
    if (this.lane === null) return;
    // A connection is another request's from now on.
    this.lane = null;
    this.hedge.of.sink.onEnd();
  }

  onFailed(failure: LaneFailure): void {
    if (this.lane !== null) this.hedge.failed(this, failure);
  }
}
