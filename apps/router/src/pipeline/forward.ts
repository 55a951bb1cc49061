import type { IncomingMessage, ServerResponse } from 'node:http';
import { epochHeader, errorHeader, requestIdHeader, tenantHeader } from '@lapidary/contracts/workload';
import { forwardRequest, type ForwardOptions } from '@lapidary/stamp-sdk/forward/forward-request';
import type { ForwardResult, ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import { saysWhoTheClientIs } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import type { ReplayBuffer } from '@lapidary/stamp-sdk/forward/replay-buffer';
import type { UpstreamPools } from '@lapidary/stamp-sdk/forward/upstream';
import { answerProblem } from '../answer-problem.js';
import type { RouterMetrics } from '../metrics.js';
import type { ClientFacts } from '../proxy-protocol/client-facts.js';
import type { GeneralDeadline } from './general-deadline.js';
import { Held } from './held.js';
import { afterForward, isIdempotent, outOfTime, type Answer } from './after-forward.js';
import type { ForwardDecision, RefuseDecision, RouteDecision } from './decide.js';
import type { RefusalTurns } from '../traffic-policy/refusal-turns.js';
import { isRefused, type AttemptOutcome, type TrafficPolicy } from '../traffic-policy/traffic-policy.js';
import { attemptOutcome } from './attempt-outcome.js';
import { lookUpAgain } from './look-up-again.js';
import { noteAttempt } from './note-attempt.js';
import { answerProblemOf, refusalOf, refusalProblem } from './refusal.js';
import { isOfBudget, Repeats } from './repeats.js';
import type { Thaw } from './thaw.js';

export interface ForwardDeps {
  readonly policy: TrafficPolicy;
  readonly pools: UpstreamPools;
  readonly metrics: RouterMetrics;
  readonly timeouts: ForwardTimeouts;
  /** Fetches the tenant's newest entry from the directory's source. */
  readonly refreshTenant: (tenant: string) => Promise<void>;
}

export interface ForwardInTurn extends ForwardDeps {
  readonly refusals: RefusalTurns;
  readonly thaw: Pick<Thaw, 'decided'>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly client: ClientFacts;
  readonly response: ServerResponse;
  readonly body: ReplayBuffer;
  readonly requestId: string;
  readonly traceparent: string;
  readonly deadline: GeneralDeadline;
  readonly tunnel?: ForwardOptions['tunnel'];
  /** Filled in on the way; 0 until then. */
  readonly times: { admittedMs: number; stampMs: number };
  /** Decides again, by what the directory says at that moment. */
  readonly decideAgain: () => RouteDecision;
  /** Told where it asked for a tunnel and has it. */
  readonly becameTunnel?: () => void;
}

/** What is counted and logged of an exchange. */
export interface Outcome {
  /** answered, tunnelled, cut, client_gone, or the code that the router answered with. */
  readonly outcome: string;
  readonly decision: RouteDecision;
}

const headersToStamp = ({ request, client, requestId, traceparent }: Exchange, decision: ForwardDecision): Record<string, string> => ({
  [tenantHeader]: decision.tenant,
  [epochHeader]: String(decision.epoch),
  [requestIdHeader]: requestId,
  traceparent,
  'x-forwarded-for': client.address,
  'x-forwarded-proto': client.proto,
  'x-forwarded-host': request.headers.host ?? '',
  'x-forwarded-prefix': decision.prefix,
});

/** Forwards by a decision, where the traffic policy lets it through. Always answers. */
export const forward = async (deps: ForwardInTurn, exchange: Exchange, first: ForwardDecision): Promise<Outcome> => {
  const held = new Held(deps.policy);
  try {
    return await forwardHeld(deps, exchange, first, held);
  } finally {
    held.letGo();
  }
};

/** And, where it is safe, by the decisions that follow from what comes back. */
const forwardHeld = async (deps: ForwardInTurn, exchange: Exchange, first: ForwardDecision, held: Held): Promise<Outcome> => {
  const repeats = new Repeats();
  let decision = first;
  for (;;) {
    const { request, response, deadline } = exchange;
    deadline.of(decision);
    const admission = await held.admit(decision.routes, request.headers.priority, response, deadline);
    // It has left the queue, and is no refusal of anybody's.
    if (response.destroyed) return { outcome: 'client_gone', decision };
    if (deadline.isOver) return answerInstead(exchange, decision, outOfTime);
    if (isRefused(admission)) return refuseInTurn(deps.refusals, exchange, refusalOf(decision, admission));
    if (exchange.times.admittedMs === 0) exchange.times.admittedMs = performance.now();
    const place = exchange.tunnel ? held.enterTunnel(decision.routes) : 'go';
    if (isRefused(place)) return refuseInTurn(deps.refusals, exchange, refusalOf(decision, place));
    const door = deps.policy.choose(decision.routes.stamp, repeats.tried, performance.now());
    if (isRefused(door)) {
      const { lastAnswer } = repeats;
      if (lastAnswer) return answerInstead(exchange, decision, lastAnswer);
      return refuseInTurn(deps.refusals, exchange, refusalOf(decision, door));
    }
    repeats.door = door;
    const result = await attempt(deps, exchange, decision, repeats, () => (held.becomesTunnel(), exchange.becameTunnel?.()));
    if (result.kind === 'answered' || result.kind === 'tunnelled') exchange.times.stampMs = result.headMs;
    noteAttempt(deps.metrics, decision.stamp, result);
    const next = afterForward({ result, replayable: exchange.body.replayable, idempotent: isIdempotent(exchange.request.method), repeats });
    if (next.move === 'done') return { outcome: result.kind, decision };
    if (next.move === 'answer') return answerInstead(exchange, decision, next);
    if (isOfBudget(next) && !deps.policy.mayRetry(decision.stamp, performance.now()))
      return answerInstead(exchange, decision, next.otherwise);
    deps.metrics.lapidary_router_retries_total.inc({ cause: next.move });
    repeats.note(next);
    if (next.move === 'same_again') continue;
    if (next.move === 'look_up_again') await lookUpAgain(deps.refreshTenant, decision, exchange.decideAgain);
    // I1, I4: a repeat goes by the route and epoch of now. One that reused the old epoch could be served by a stamp that the tenant has left.
    const again = await deps.thaw.decided(exchange.decideAgain, deadline, response);
    if (again.action === 'refuse') {
      return next.move === 'other_door' ? answerInstead(exchange, decision, next.otherwise) : refuseInTurn(deps.refusals, exchange, again);
    }
    decision = again;
  }
};

const attempt = async (
  deps: ForwardDeps,
  exchange: Exchange,
  decision: ForwardDecision,
  { door, misdirected, fresh }: Repeats,
  becomesTunnel: () => void,
): Promise<ForwardResult> => {
  const startedMs = performance.now();
  let agentCode = '';
  let outcome: AttemptOutcome = 'client_gone';
  let isTunnel = false;
  const ended = (): void => {
    const nowMs = performance.now();
    deps.policy.attempted(decision.stamp, door, outcome, nowMs - startedMs, nowMs, decision.tenant);
  };
  try {
    const result = await forwardRequest({
      upstream: deps.pools.get(door),
      request: exchange.request,
      response: exchange.response,
      body: exchange.body,
      path: decision.path,
      requestRules: { set: headersToStamp(exchange, decision), drop: saysWhoTheClientIs },
      answerRules: { set: { [requestIdHeader]: exchange.requestId } },
      trusted: true,
      intercept: (status, header) => {
        agentCode = header(errorHeader) ?? '';
        return misdirected === 0 && status === 421 && agentCode === 'misdirected' && exchange.body.replayable;
      },
      timeouts: deps.timeouts,
      deadline: exchange.deadline,
      tunnel: exchange.tunnel,
      // For the front door it is answered: what is silent from now on isn't waited for.
      onTunnel: () => {
        isTunnel = true;
        outcome = 'answered';
        ended();
        becomesTunnel();
        deps.metrics.lapidary_router_stamp_tunnels.inc({ stamp: decision.stamp });
      },
      fresh,
    });
    outcome = attemptOutcome(result, agentCode);
    return result;
  } finally {
    if (isTunnel) deps.metrics.lapidary_router_stamp_tunnels.dec({ stamp: decision.stamp });
    else ended();
  }
};

const answerInstead = (exchange: Exchange, decision: RouteDecision, answer: Answer): Outcome => {
  answerProblem(exchange.response, { ...answerProblemOf(answer), requestId: exchange.requestId });
  exchange.body.discard();
  return { outcome: answer.code, decision };
};

/** As refuse, when its turn has come. */
export const refuseInTurn = async (turns: RefusalTurns, exchange: Exchange, decision: RefuseDecision): Promise<Outcome> => {
  // I3: no byte of it may be read any more, so it can't be kept open.
  if (!decision.unread && !turns.mayAnswer()) await turns.turnOf(decision.tenant);
  return refuse(exchange, decision);
};

/** Answers a refusal: what "decide" said no to. */
export const refuse = (exchange: Pick<Exchange, 'response' | 'requestId' | 'body'>, decision: RefuseDecision): Outcome => {
  answerProblem(exchange.response, { ...refusalProblem(decision), requestId: exchange.requestId });
  if (!decision.unread) exchange.body.discard();
  return { outcome: decision.code, decision };
};
