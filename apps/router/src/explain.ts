import type { RouteExplanation } from '@lapidary/contracts/api/routing';
import { errorCatalogue } from '@lapidary/kernel/error-catalogue';
import type { Directory } from './directory/directory.js';
import { decide, type RouteDecision } from './pipeline/decide.js';
import type { FrontDoorView } from './pipeline/select.js';
import { requestProblem } from '@lapidary/stamp-sdk/forward/request-check';

export interface ExplainDeps {
  readonly routerId: string;
  readonly region: string;
  readonly baseDomain: string;
  readonly directory: Directory;
  readonly doors: FrontDoorView;
}

const wouldForward = (decision: Extract<RouteDecision, { action: 'forward' }>): RouteExplanation['steps'][number] => ({
  step: 'forward',
  ok: true,
  reason: `would send ${decision.path} to ${decision.upstream} for tenant ${decision.tenant} at epoch ${decision.epoch}`,
});

/** What this router would do now with a GET of that host and path, by the very function that decides on requests. */
export const explain = (deps: ExplainDeps, host: string, path: string): RouteExplanation => {
  const { directory, doors, baseDomain } = deps;
  const problem = requestProblem({ method: 'GET', url: path, httpVersion: '1.1', rawHeaders: ['Host', host] });
  const decision = decide({ address: { host, tenantHeaders: [], path }, problem, baseDomain, directory, doors });
  const common = { router: deps.routerId, region: deps.region, host, directory: directory.state() };
  const { tenant, stamp, epoch, steps } = decision;
  if (decision.action === 'refuse') {
    const status = decision.status ?? errorCatalogue[decision.code].status;
    return { ...common, action: 'refuse', status, code: decision.code, tenant, stamp, epoch, upstream: null, steps: [...steps] };
  }
  const forwarded = [...steps, wouldForward(decision)];
  return { ...common, action: 'forward', status: null, code: null, tenant, stamp, epoch, upstream: decision.upstream, steps: forwarded };
};
