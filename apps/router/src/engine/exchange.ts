import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { ProblemAnswer } from '../answer-problem.js';
import type { RequestHead } from '../http1/request-record.js';
import { Admission } from '../pipeline/admission.js';
import { afterForward, isIdempotent, type Answer } from '../pipeline/after-forward.js';
import type { RefuseDecision } from '../pipeline/decide.js';
import { lookUpAgain } from '../pipeline/look-up-again.js';
import { answerProblemOf, refusalOf, refusalProblem } from '../pipeline/refusal.js';
import { isOfBudget, Repeats, type Repeat } from '../pipeline/repeats.js';
import { nowMs } from '../read-clock.js';
import { isRefused, type Refused } from '../traffic-policy/traffic-policy.js';
import type { AnswerRelay } from './answer-relay.js';
import type { ClientSide } from './client-side.js';
import type { EngineContext } from './engine-context.js';
import { clientStalled, outOfTime, stampSilent } from './expiry.js';
import { ExchangeWatch } from './exchange-watch.js';
import { Forward } from './forward.js';
import { PacedRefusal } from './paced-refusal.js';
import { RequestFacts } from './request-facts.js';
import { decisionOf, goBy, unspoken, type Route } from './route-cache.js';
import type { LaneFailure } from './upstream-lane.js';

/**
 * A request from its head to its answer: decides, asks the policy, sends, and answers; what fails is judged by afterForward, as on the
 * general path. One object serves a connection's requests one after another (C1), so that what settles late is known by its turn.
 */
export class Exchange {
  private isUnderWay = false;
  private turn = 0;
  readonly facts: RequestFacts;
  private readonly watch: ExchangeWatch;
  private readonly admission: Admission;
  readonly forward: Forward;
  private readonly refusal: PacedRefusal;
  private route: Route | RefuseDecision | null = null;
  private readonly repeats = new Repeats();

  constructor(
    private readonly context: EngineContext,
    private readonly client: ClientSide,
  ) {
    this.facts = new RequestFacts(context.observer.traces);
    this.watch = new ExchangeWatch(context);
    this.admission = new Admission(context.policy);
    this.forward = new Forward(context, client, this.facts, this.repeats, this);
    this.refusal = new PacedRefusal(context, this);
  }

  /** Notes a request and decides on it. false: it is the general path's, or its stamp can be spoken to by that one only. */
  take(bytes: Buffer, head: RequestHead): boolean {
    this.facts.take(bytes, head, this.context.identification());
    const takes = !this.facts.isUnchecked && !this.context.general.wants(this.facts) && this.decides();
    this.facts.letGo();
    return takes;
  }

  /** false: its stamp can be spoken to by the general path only. */
  private decides(): boolean {
    this.route = goBy(this.route, this.decide());
    return !('decision' in this.route) || this.route.isSpoken;
  }

  /** Begins what was taken. `firstByteMs`: when its head began to come; 0 for now. */
  begin(firstByteMs: number): void {
    this.isUnderWay = true;
    this.turn += 1;
    this.watch.begin(firstByteMs);
    this.repeats.begin();
    this.forward.begin();
    this.context.inFlight.enter();
    this.proceed();
  }

  clientGone(): void {
    if (this.isUnderWay) this.giveUp({ kind: 'client_gone' }, 'client_gone');
  }

  /** Gives the request up, where nothing has gone to the client; false: too late. */
  abandonUnanswered(): boolean {
    if (!this.isUnderWay || this.forward.isAnswering) return false;
    this.giveUp({ kind: 'client_gone' }, 'invalid_input');
    return true;
  }

  /** The deadline has passed: whoever holds the other up is to blame. */
  expired(): void {
    const { forward } = this;
    const time = this.watch.time(this.route, forward.body, this.answer);
    if (time === 'given again') return this.touch();
    if (forward.isAnswering) {
      if (this.client.writer.isCongested) return this.client.giveUp('stalled');
      this.giveUp({ kind: 'cut', status: forward.relay.status, reason: 'it stopped in the middle' }, 'cut');
      return this.client.breakOff();
    }
    if (this.refusal.isWaiting) return this.refusal.onTurn();
    const stalled = forward.waitsForClient;
    forward.cancel();
    this.conclude(stalled ? clientStalled : time === 'over' ? outOfTime : stampSilent);
  }

  answered(): void {
    this.finish('answered');
    this.client.answered(this.forward.relay.closes);
  }

  brokeOff(failure: LaneFailure): void {
    this.giveUp(failure, 'cut');
    this.client.breakOff();
  }

  /** Admission and a front door for the route as it is decided now. */
  private proceed(): void {
    const { route } = this;
    if (route === null || !('decision' in route)) return this.refuse(route!);
    if (!route.isSpoken) return this.refuse(refusalOf(route.decision, unspoken));
    const admitted = this.admission.admit(route.decision.routes, this.facts.priority, this.onAdmitted);
    if (admitted === null) this.touch(false);
    else this.settled(route, admitted === 'go' ? null : admitted);
  }

  /** It had to wait for it; who has let go in between is not told (Admission). */
  private readonly onAdmitted = (refused: Refused | null): void => this.settled(this.route as Route, refused);

  private settled(route: Route, refused: Refused | null): void {
    return refused ? this.refuse(refusalOf(route.decision, refused)) : this.tryDoor(route);
  }

  private tryDoor(route: Route): void {
    const { stamp } = route.decision.routes;
    const admittedMs = this.watch.admitted();
    const { tried, lastAnswer } = this.repeats;
    const door = this.context.policy.choose(stamp, tried, admittedMs);
    if (isRefused(door)) return lastAnswer ? this.answerInstead(lastAnswer) : this.refuse(refusalOf(route.decision, door));
    if (!this.forward.send(route, door, admittedMs)) this.refuse(refusalOf(route.decision, unspoken));
  }

  conclude(result: ForwardResult): void {
    this.forward.attempt.end(result);
    const idempotent = isIdempotent(this.facts.method);
    const next = afterForward({ result, replayable: this.forward.body.replayable, idempotent, repeats: this.repeats });
    if (next.move === 'answer') return this.answerInstead(next);
    if (next.move !== 'done') this.repeat(next);
  }

  private repeat(next: Repeat): void {
    const { policy, metrics } = this.context;
    const route = this.route as Route;
    if (isOfBudget(next) && !policy.mayRetry(route.decision.stamp, nowMs())) return this.answerInstead(next.otherwise);
    metrics.lapidary_router_retries_total.inc({ cause: next.move });
    this.repeats.door = this.forward.attempt.door;
    this.repeats.note(next);
    if (next.move === 'same_again') return this.proceed();
    if (next.move === 'look_up_again') return this.lookUpAgain(route);
    this.route = goBy(this.route, this.decide());
    return 'decision' in this.route ? this.proceed() : this.answerInstead(next.otherwise);
  }

  /** I1, I4: the repeat goes by the route and epoch of then, never by the old ones. */
  private lookUpAgain(route: Route): void {
    const { turn } = this;
    void lookUpAgain(this.context.refreshTenant, route.decision, () => decisionOf(this.decide())).then(() => {
      if (turn === this.turn && this.isUnderWay && !this.forward.isAnswering) this.proceedAnew();
    });
  }

  private decide(): Route | RefuseDecision {
    return this.context.routes.route(this.facts);
  }

  proceedAnew(): void {
    this.route = goBy(this.route, this.decide());
    this.proceed();
  }

  answerRefusal(decision: RefuseDecision): void {
    this.answerProblem(decision.code, refusalProblem(decision));
  }

  /** What the client is answered by the stamp; null where nothing of it has gone to the client. */
  private get answer(): AnswerRelay | null {
    return this.forward.isAnswering ? this.forward.relay : null;
  }

  private answerInstead(answer: Answer): void {
    this.answerProblem(answer.code, answerProblemOf(answer));
  }

  private refuse(decision: RefuseDecision): void {
    if (!this.refusal.begin(decision)) this.touch();
  }

  private answerProblem(outcome: string, problem: Omit<ProblemAnswer, 'requestId'>): void {
    this.finish(outcome, problem.status);
    this.client.answerProblem({ ...problem, requestId: this.facts.requestId }, this.facts.isHead);
  }

  /** Ends it without an answer of our own. */
  private giveUp(result: ForwardResult, outcome: string): void {
    this.forward.cancel();
    this.forward.attempt.end(result);
    this.finish(outcome);
  }

  private finish(outcome: string, ownStatus?: number): void {
    this.watch.end(outcome, this.facts, this.route, this.answer, this.forward.attempt.headMs, ownStatus);
    this.isUnderWay = false;
    this.turn += 1;
    this.route = goBy(this.route, null);
    this.forward.end();
    this.refusal.forget();
    this.admission.letGo();
    this.context.inFlight.leave();
  }

  /** Until a lane is open the lane itself, and the policy's queue, keep the time; it gets connectMs more for the case that they don't. */
  touch(isOpen = true): void {
    const { headMs, idleMs, connectMs } = this.context.timeouts;
    const ms = this.forward.isAnswering ? idleMs : isOpen ? headMs : headMs + connectMs;
    if (this.isUnderWay) this.client.arm(ms, this.watch.deadline.atMs);
  }
}
