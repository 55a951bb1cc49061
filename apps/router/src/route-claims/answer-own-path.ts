import type { RouteDecision } from '../pipeline/decide.js';
import { refuseInTurn, type Exchange, type ForwardInTurn, type Outcome } from '../pipeline/forward.js';
import { Held } from '../pipeline/held.js';
import { refusalOf } from '../pipeline/refusal.js';
import { isRefused } from '../traffic-policy/traffic-policy.js';
import type { OwnPaths } from './own-paths.js';

/**
 * What the router answers itself counts as a request of its tenant, by the same limits and in the same places (P-TH1): else who is refused everywhere could go on
 * asking here. On hosts that are nobody's it takes its turn among the refusals.
 */
export const answerOwnPath = async (
  deps: Pick<ForwardInTurn, 'policy' | 'refusals'>,
  own: OwnPaths,
  exchange: Exchange,
  decision: RouteDecision,
): Promise<Outcome> => {
  const { request, response, deadline } = exchange;
  if (decision.action === 'refuse') {
    if (!decision.unread && !deps.refusals.mayAnswer()) await deps.refusals.turnOf(decision.tenant);
    return own.answer(exchange, decision);
  }
  const held = new Held(deps.policy);
  try {
    deadline.of(decision);
    const admission = await held.admit(decision.routes, request.headers.priority, response, deadline);
    if (response.destroyed) return { outcome: 'client_gone', decision };
    if (isRefused(admission)) return await refuseInTurn(deps.refusals, exchange, refusalOf(decision, admission));
    return await own.answer(exchange, decision);
  } finally {
    held.letGo();
  }
};
