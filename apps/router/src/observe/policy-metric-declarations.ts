import type { MetricDeclaration } from '@lapidary/telemetry/metrics';

/** Gauges that hold what was found when somebody asked (policy-metrics.ts). */
export const policyMetricDeclarations = {
  lapidary_router_stamp_in_flight: { type: 'gauge', help: 'Places of the stamp’s compartment that are taken', labels: ['stamp'] },
  lapidary_router_stamp_waiting: { type: 'gauge', help: 'Requests that wait for a place', labels: ['stamp'] },
  lapidary_router_stamp_limit: { type: 'gauge', help: 'Places there are now; fewer while the stamp is unwell', labels: ['stamp'] },
  lapidary_router_door_in_use: { type: 'gauge', help: 'Requests under way to the front door', labels: ['stamp', 'door'] },
  lapidary_router_breaker_open: { type: 'gauge', help: '1 while the front door’s breaker is not closed', labels: ['stamp', 'door'] },
  lapidary_router_tenant_requests_per_second: {
    type: 'gauge',
    help: 'Of the 20 tenants with most requests in the last window of 5 s; an upper bound',
    labels: ['tenant'],
  },
  lapidary_router_hop_seconds: {
    type: 'gauge',
    help: 'Time of each hop over the last one to two minutes, by quantile (0.5, 0.95, 0.99); targets at GET /budget',
    labels: ['hop', 'quantile'],
  },
  lapidary_router_hop_over_budget: { type: 'gauge', help: '1 while the hop takes longer than its target', labels: ['hop'] },
  lapidary_router_budget_routers: { type: 'gauge', help: 'Routers that share the limits, as this one knows', labels: [] },
  lapidary_router_limits_version: { type: 'gauge', help: 'Version of the limits that hold; −1 while only the defaults do', labels: [] },
  lapidary_router_sockets: {
    type: 'gauge',
    help: 'Threads that take requests, by what their connections are: raw (handles, seen to work), public (sockets of node:net), abandoned (a handle has surprised); why at GET /sockets',
    labels: ['tier'],
  },
} as const satisfies Record<string, MetricDeclaration>;
