import type { RouterMetrics } from '../metrics.js';
import { hopReadings } from './latency-budget.js';
import type { Look } from './look.js';
import { policyMetricDeclarations } from './policy-metric-declarations.js';
import { compartmentsOf, mostRouters, oldestLimits, rowsOf } from './traffic-report.js';

/** Tenants that are a label: those with most requests in the last window, and no others, so that series stay few. */
const tenantsAsLabels = 20;

/** What is read when somebody asks for it, and costs no request anything. */
export const fillPolicyMetrics = (metrics: RouterMetrics, looks: readonly Look[]): void => {
  for (const name of Object.keys(policyMetricDeclarations) as (keyof typeof policyMetricDeclarations)[]) metrics[name].reset();
  for (const { stamp, inFlight, waiting, limit, doors } of compartmentsOf(looks)) {
    metrics.lapidary_router_stamp_in_flight.set({ stamp }, inFlight);
    metrics.lapidary_router_stamp_waiting.set({ stamp }, waiting);
    metrics.lapidary_router_stamp_limit.set({ stamp }, limit);
    for (const { url: door, breaker, inUse } of doors) {
      metrics.lapidary_router_door_in_use.set({ stamp, door }, inUse);
      metrics.lapidary_router_breaker_open.set({ stamp, door }, breaker === 'closed' ? 0 : 1);
    }
  }
  for (const { name: tenant, perSecond } of rowsOf(looks, 'tenants').slice(0, tenantsAsLabels))
    metrics.lapidary_router_tenant_requests_per_second.set({ tenant }, perSecond);
  for (const { hop, verdict, ...measured } of hopReadings(looks.map(({ hops }) => hops))) {
    const quantiles = { '0.5': measured.measuredP50Ms, '0.95': measured.measuredP95Ms, '0.99': measured.measuredP99Ms };
    for (const [quantile, ms] of Object.entries(quantiles))
      if (ms !== null) metrics.lapidary_router_hop_seconds.set({ hop, quantile }, ms / 1000);
    metrics.lapidary_router_hop_over_budget.set({ hop }, verdict === 'over' ? 1 : 0);
  }
  for (const { sockets } of looks) metrics.lapidary_router_sockets.inc({ tier: sockets.tier });
  metrics.lapidary_router_budget_routers.set(mostRouters(looks));
  metrics.lapidary_router_limits_version.set(oldestLimits(looks) ?? -1);
};
