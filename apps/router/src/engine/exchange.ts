import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { ProblemAnswer } from '../answer-problem.js';
import { latin1 } from '../http1/characters.js';
import type { RequestHead } from '../http1/request-record.js';
import type { ResponseHead } from '../http1/response-head.js';
import { Admission } from '../pipeline/admission.js';
import { afterForward, isIdempotent, type Answer } from '../pipeline/after-forward.js';
import type { RefuseDecision } from '../pipeline/decide.js';
import { lookUpAgain } from '../pipeline/look-up-again.js';
import { answerProblemOf, refusalOf, refusalProblem } from '../pipeline/refusal.js';
import { isOfBudget, Repeats, type Repeat } from '../pipeline/repeats.js';
import { nowMs } from '../read-clock.js';
import { isRefused, type Refused } from '../traffic-policy/traffic-policy.js';
import { AnswerRelay } from './answer-relay.js';
import { Attempt } from './attempt.js';
import type { ClientSide } from './client-side.js';
import type { EngineContext } from './engine-context.js';
import { clientStalled, outOfTime, stampSilent } from './expiry.js';
import { ExchangeWatch } from './exchange-watch.js';
import { PacedRefusal } from './paced-refusal.js';
import { RequestBody } from './request-body.js';
import { RequestFacts } from './request-facts.js';
import { decisionOf, goBy, unspoken, type Route } from './route-cache.js';
import type { LaneExchange, LaneFailure, LaneSink } from './upstream-lane.js';

/** `none`: no request is under way. `waiting`: nothing has gone to the client. `answering`: the answer has begun. */
type Phase = 'none' | 'waiting' | 'answering';

/**
 * A request from its head to its answer: decides, asks the policy, sends, and answers; what fails is judged by afterForward, as on the
 * general path. One object serves a connection's requests one after another (C1), so that what settles late is known by its turn.
 */
export class Exchange implements LaneSink {
  private phase: Phase = 'none';
  private turn = 0;
  readonly facts: RequestFacts;
  private readonly body = new RequestBody();
  private readonly watch: ExchangeWatch;
  private readonly admission: Admission;
  private readonly attempt: Attempt;
  private readonly relay: AnswerRelay;
  private readonly refusal: PacedRefusal;
  private route: Route | RefuseDecision | null = null;
  private lane: LaneExchange | null = null;
  /** Of the body: `later`: all that has come, as soon as it is open; `more`: each piece as it comes, once; `nothing`: the body waits for it. */
  private laneTakes: 'later' | 'more' | 'nothing' = 'later';
  private readonly repeats = new Repeats();

  constructor(
    private readonly context: EngineContext,
    private readonly client: ClientSide,
  ) {
    this.facts = new RequestFacts(context.observer.traces);
    this.watch = new ExchangeWatch(context);
    this.admission = new Admission(context.policy);
    this.attempt = new Attempt(context);
    this.relay = new AnswerRelay(client.writer);
    this.refusal = new PacedRefusal(context, this);
  }

  /** Notes a request and decides on it. false: it is the general path's, or its stamp can be spoken to by that one only. */
  take(bytes: Buffer, head: RequestHead): boolean {
    this.facts.take(bytes, head, this.context.identification());
    if (this.facts.isUnchecked || this.context.general.wants(this.facts)) return false;
    this.route = goBy(this.route, this.decide());
    return !('decision' in this.route) || this.route.isSpoken;
  }

  /** Begins what was taken. `firstByteMs`: when its head began to come; 0 for now. */
  begin(firstByteMs: number): void {
    this.phase = 'waiting';
    this.turn += 1;
    this.watch.begin(firstByteMs);
    this.repeats.begin();
    this.body.begin(this.facts.bodyBytes === 0);
    this.context.inFlight.enter();
    this.proceed();
  }

  onClientBody(bytes: Buffer, from: number, to: number): void {
    const goesOn = this.body.take(bytes, from, to, this.lane);
    if (!goesOn) {
      if (this.lane?.isOpen === true) this.laneTakes = 'nothing';
      this.client.pauseReads();
    }
    this.touch();
  }

  onClientBodyWhole(): void {
    this.body.whole = true;
    if (this.lane?.isOpen === true) this.lane.end();
  }

  onClientReadDone(): void {
    if (this.lane?.isOpen === true) this.lane.flush();
  }

  onClientDrain(): void {
    if (this.phase !== 'answering') return;
    this.touch();
    this.lane?.resume();
  }

  clientGone(): void {
    if (this.phase !== 'none') this.giveUp({ kind: 'client_gone' }, 'client_gone');
  }

  /** Gives the request up, where nothing has gone to the client; false: too late. */
  abandonUnanswered(): boolean {
    if (this.phase !== 'waiting') return false;
    this.giveUp({ kind: 'client_gone' }, 'invalid_input');
    return true;
  }

  /** The deadline has passed: whoever holds the other up is to blame. */
  expired(): void {
    const time = this.watch.time(this.route, this.body, this.phase === 'answering' ? this.relay : null);
    if (time === 'given again') return this.touch();
    if (this.phase === 'answering') {
      if (this.client.writer.isCongested) return this.client.giveUp('stalled');
      this.giveUp({ kind: 'cut', status: this.relay.status, reason: 'it stopped in the middle' }, 'cut');
      return this.client.breakOff();
    }
    if (this.refusal.isWaiting) return this.refusal.onTurn();
    const stalled = !this.body.whole && this.laneTakes !== 'nothing' && this.lane?.isOpen === true;
    this.lane?.cancel();
    this.lane = null;
    this.conclude(stalled ? clientStalled : time === 'over' ? outOfTime : stampSilent);
  }

  onWritable(): void {
    this.touch();
    if (this.laneTakes === 'nothing') {
      this.laneTakes = 'more';
      this.client.resumeReads();
    } else if (this.phase === 'waiting' && this.laneTakes === 'later') this.sendBody();
  }

  readonly onInterim = (bytes: Buffer, head: ResponseHead): void => this.relay.interim(bytes, head);

  onHead(bytes: Buffer, head: ResponseHead): void {
    const code = head.agentErrorStart < 0 ? '' : latin1(bytes, head.agentErrorStart, head.agentErrorEnd);
    this.attempt.answers(code);
    if (head.status === 421 && code === 'misdirected' && this.repeats.misdirected === 0 && this.body.replayable) {
      this.lane?.cancel(true);
      this.lane = null;
      return this.conclude({ kind: 'intercepted', status: head.status, header: () => undefined });
    }
    this.phase = 'answering';
    this.body.forget();
    const { isHead, marks } = this.facts;
    this.relay.begin(bytes, head, { marks: marks.lines, idLength: marks.idLength, isHead, close: this.client.willClose });
    this.touch();
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    this.relay.add(bytes, from, to);
  }

  onReadDone(): void {
    if (this.phase !== 'answering') return;
    this.touch();
    if (!this.client.writer.flush()) this.lane?.pause();
  }

  onEnd(): void {
    this.lane = null;
    this.relay.end();
    this.attempt.end({ kind: 'answered', status: this.relay.status, headMs: this.attempt.headMs });
    this.finish('answered');
    this.client.answered(this.relay.closes);
  }

  onFailed(failure: LaneFailure): void {
    this.lane = null;
    if (failure.kind !== 'cut') return this.conclude(failure);
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
    const lane = this.attempt.begin(route.decision, door, admittedMs);
    if (lane === null) return this.refuse(refusalOf(route.decision, unspoken));
    this.laneTakes = 'later';
    this.lane = this.attempt.send(lane, this.facts.laneRequest(route, this.client.text, this.repeats.fresh), route, this);
    this.touch(this.lane.isOpen);
    if (this.lane.isOpen) this.sendBody();
  }

  /** Everything that has come so far; then the client may go on. */
  private sendBody(): void {
    if (this.lane === null || this.facts.bodyBytes === 0) return;
    this.laneTakes = this.body.replay(this.lane) ? 'more' : 'nothing';
    if (this.laneTakes === 'more' && !this.body.whole) this.client.resumeReads();
  }

  private conclude(result: ForwardResult): void {
    this.attempt.end(result);
    const idempotent = isIdempotent(this.facts.method);
    const next = afterForward({ result, replayable: this.body.replayable, idempotent, repeats: this.repeats });
    if (next.move === 'answer') return this.answerInstead(next);
    if (next.move !== 'done') this.repeat(next);
  }

  private repeat(next: Repeat): void {
    const { policy, metrics } = this.context;
    const route = this.route as Route;
    if (isOfBudget(next) && !policy.mayRetry(route.decision.stamp, nowMs())) return this.answerInstead(next.otherwise);
    metrics.lapidary_router_retries_total.inc({ cause: next.move });
    this.repeats.door = this.attempt.door;
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
      if (turn === this.turn && this.phase === 'waiting') this.proceedAnew();
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
    this.lane?.cancel();
    this.lane = null;
    this.attempt.end(result);
    this.finish(outcome);
  }

  private finish(outcome: string, ownStatus?: number): void {
    this.watch.end(outcome, this.facts, this.route, this.phase === 'answering' ? this.relay : null, this.attempt.headMs, ownStatus);
    this.phase = 'none';
    this.turn += 1;
    this.route = goBy(this.route, null);
    this.body.forget();
    this.refusal.forget();
    this.admission.letGo();
    this.context.inFlight.leave();
  }

  /** Until a lane is open the lane itself, and the policy's queue, keep the time; it gets connectMs more for the case that they don't. */
  private touch(isOpen = true): void {
    const { headMs, idleMs, connectMs } = this.context.timeouts;
    const ms = this.phase === 'answering' ? idleMs : isOpen ? headMs : headMs + connectMs;
    if (this.phase !== 'none') this.client.arm(ms, this.watch.deadline.atMs);
  }
}
