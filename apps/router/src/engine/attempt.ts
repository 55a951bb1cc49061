import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import { attemptOutcome } from '../pipeline/attempt-outcome.js';
import { noteAttempt } from '../pipeline/note-attempt.js';
import { nowMs } from '../read-clock.js';
import type { EngineContext } from './engine-context.js';
import { Hedge, mayBeDoubled } from './hedge.js';
import type { RequestFacts } from './request-facts.js';
import type { Route } from './route-cache.js';
import type { LaneExchange, LaneRequest, LaneSink, UpstreamLane } from './upstream-lane.js';

/** Whoever hears of the attempt; what its request says is decided on again where it may be sent twice. */
type Asker = LaneSink & { readonly facts: RequestFacts };

/** One try at one front door (or, hedged, at the one that answers first), for policy and metrics: opened by choose(), closed exactly once. */
export class Attempt {
  private open = false;
  private stamp = '';
  private tenant = '';
  door = '';
  private startedMs = 0;
  private headAtMs = 0;
  /** As attemptOutcome takes it. */
  private agentCode = '';

  constructor(private readonly context: Pick<EngineContext, 'policy' | 'metrics' | 'lanes' | 'routes'>) {}

  /** The lane to send on; null where only the general path speaks to the front door, and there is no attempt. */
  begin({ stamp, tenant }: Route['decision'], door: string, startedMs: number): UpstreamLane | null {
    this.open = true;
    this.stamp = stamp;
    this.tenant = tenant;
    this.door = door;
    this.startedMs = startedMs;
    this.headAtMs = 0;
    this.agentCode = '';
    const lane = this.context.lanes.lane(door, stamp);
    if (lane === null) this.end({ kind: 'client_gone' });
    return lane;
  }

  send(lane: UpstreamLane, request: LaneRequest, { decision }: Route, asker: Asker): LaneExchange {
    const { context, door } = this;
    const afterMs = context.policy.hedgeAfterMs(decision.stamp);
    if (afterMs === 0 || !mayBeDoubled(asker.facts.method, request.bodyBytes)) return lane.send(request, asker);
    const stillHolds = (): boolean => {
      const now = context.routes.route(asker.facts);
      return 'decision' in now && now.decision.stamp === decision.stamp && now.decision.epoch === decision.epoch;
    };
    const { tenant, routes } = decision;
    return new Hedge({ context, stamp: routes.stamp, tenant, door, request, attempt: this, sink: asker, stillHolds }, lane, afterMs);
  }

  /** Another attempt of the same request takes this one's place; what became of this one has been told. */
  goesOnAt(door: string, startedMs: number): void {
    this.door = door;
    this.startedMs = startedMs;
  }

  /** The answer's head is here. */
  answers(agentCode: string): void {
    this.headAtMs = nowMs();
    this.agentCode = agentCode;
  }

  /** 0 until the answer's head is here. */
  get headMs(): number {
    return this.headAtMs === 0 ? 0 : this.headAtMs - this.startedMs;
  }

  /** Tells what became of it; does nothing where there is no open attempt. */
  end(result: ForwardResult): void {
    if (!this.open) return;
    this.open = false;
    const now = nowMs();
    const tookMs = (this.headAtMs === 0 ? now : this.headAtMs) - this.startedMs;
    this.context.policy.attempted(this.stamp, this.door, attemptOutcome(result, this.agentCode), tookMs, now, this.tenant);
    noteAttempt(this.context.metrics, this.stamp, result);
  }
}
