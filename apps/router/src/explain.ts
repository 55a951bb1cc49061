import type { RouteExplanation } from '@lapidary/contracts/api/routing';
import { errorCatalogue } from '@lapidary/kernel/error-catalogue';
import type { Directory } from './directory/directory.js';
import type { IdentifyRule } from './pipeline/identify-order.js';
import { decide, type ForwardDecision } from './pipeline/decide.js';
import type { TokenFacts } from './pipeline/identify.js';
import type { RouterPlace } from './pipeline/reside.js';
import type { Takers } from './takers.js';
import { requestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import { isRefused, type Refused } from './traffic-policy/traffic-policy.js';

export interface ExplainDeps {
  readonly routerId: string;
  readonly region: string;
  readonly baseDomain: string;
  readonly directory: Directory;
  readonly place: RouterPlace;
  /** Where to look for tenants, beside the usual order. */
  readonly identifyRules: () => readonly IdentifyRule[];
  readonly takers: Pick<Takers, 'foresee' | 'tokenFacts'>;
}

type Steps = RouteExplanation['steps'];

const wouldForward = (decision: ForwardDecision, upstream: string): Steps[number] => ({
  step: 'forward',
  ok: true,
  reason: `would send ${decision.path} to ${upstream} for tenant ${decision.tenant} at epoch ${decision.epoch}`,
});

/** What is asked about: a GET with this host, path and token (a JSON Web Token, without "Bearer"). */
export interface ExplainedRequest {
  readonly host: string;
  readonly path: string;
  readonly token?: string | undefined;
}

/** What this router would do now with such a request, by the very functions that decide on requests. The token is checked as theirs are. */
export const explain = async (deps: ExplainDeps, { host, path, token }: ExplainedRequest): Promise<RouteExplanation> => {
  const { directory, baseDomain, takers, place } = deps;
  const problem = requestProblem({ method: 'GET', url: path, httpVersion: '1.1', rawHeaders: ['Host', host] });
  const facts: TokenFacts = token === undefined ? { kind: 'none' } : await takers.tokenFacts(host, path, token);
  const address = { host, tenantHeaders: [], path, token: facts };
  const identifyRules = deps.identifyRules();
  const decision = decide({ address, problem, method: 'GET', baseDomain, place, directory, identifyRules });
  const { tenant, stamp, epoch } = decision;
  const common = { router: deps.routerId, region: deps.region, host, directory: directory.state(), tenant, stamp, epoch };
  const refused = (no: Pick<Refused, 'code'>, steps: Steps, status = errorCatalogue[no.code].status): RouteExplanation => ({
    ...common,
    action: 'refuse',
    status,
    code: no.code,
    upstream: null,
    steps,
  });
  if (decision.action === 'refuse') return refused(decision, [...decision.steps], decision.status);

  const { admission, door, reasons } = await takers.foresee(decision.routes.tenant, decision.routes.stamp);
  const limited: Steps = [...decision.steps, { step: 'limit', ok: !isRefused(admission), reason: reasons.limits }];
  if (isRefused(admission)) return refused(admission, limited);
  const selected: Steps = [...limited, { step: 'select', ok: !isRefused(door), reason: reasons.select }];
  if (isRefused(door)) return refused(door, selected);
  return { ...common, action: 'forward', status: null, code: null, upstream: door, steps: [...selected, wouldForward(decision, door)] };
};
