import { createMetrics, latencyBuckets, type MetricsOf } from '@lapidary/telemetry/metrics';

export const stampAgentMetrics = {
  lapidary_agent_requests_total: { type: 'counter', help: 'Requests that passed the fence, by what became of them', labels: ['outcome'] },
  lapidary_agent_refusals_total: { type: 'counter', help: 'Requests answered 421, by reason (I4)', labels: ['reason'] },
  lapidary_agent_head_seconds: { type: 'histogram', help: 'Time until the workload’s answer began', labels: [], buckets: latencyBuckets },
  lapidary_agent_in_flight: { type: 'gauge', help: 'Requests and tunnels in flight', labels: [] },
  lapidary_agent_links: { type: 'gauge', help: 'Links of routers that are open', labels: [] },
  lapidary_agent_links_closed_total: { type: 'counter', help: 'Links that ended, by what ended them', labels: ['fault'] },
  lapidary_agent_held_tenants: { type: 'gauge', help: 'Tenants that the stamp holds', labels: [] },
  lapidary_agent_serving: { type: 'gauge', help: '1 while the agent may serve', labels: [] },
  lapidary_agent_registered: { type: 'gauge', help: '1 while the control plane has accepted this process', labels: [] },
  lapidary_agent_contact_age_seconds: {
    type: 'gauge',
    help: 'Time since the control plane last vouched for what is held; -1: never',
    labels: [],
  },
  lapidary_agent_workload_healthy: { type: 'gauge', help: '1 while the workload answers its health path', labels: [] },
  lapidary_agent_credentials_total: {
    type: 'counter',
    help: 'Times the workload was handed its token for collections, by its answer',
    labels: ['outcome'],
  },
  lapidary_agent_syncs_total: { type: 'counter', help: 'Full comparisons with the control plane', labels: ['cause', 'outcome'] },
} as const;

export type StampAgentMetrics = MetricsOf<typeof stampAgentMetrics>;

export const createStampAgentMetrics = (options: { processMetrics: boolean }): StampAgentMetrics =>
  createMetrics(stampAgentMetrics, options);
