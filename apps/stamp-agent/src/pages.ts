import type { Contact } from './contact.js';
import type { Flights } from './flights.js';
import type { Holder } from './holder.js';
import type { StampAgentMetrics } from './metrics.js';
import type { OwnPages } from './own-paths.js';
import type { Registration } from './registration.js';
import type { WorkloadHealth } from './workload-health.js';

export interface PageSources {
  readonly stamp: string;
  readonly instanceId: string;
  readonly registration: Registration;
  readonly holder: Holder;
  readonly contact: Contact;
  readonly flights: Flights;
  readonly workload: WorkloadHealth;
  readonly metrics: StampAgentMetrics;
  readonly serves: () => boolean;
  readonly isDraining: () => boolean;
  readonly linkCount: () => number;
}

/**
 * Health says 200 as soon as the front door listens: a stamp is provisioned before the control plane knows its agent's
 * token, so "registered" can't be the condition. What is asked of an instance is in the body.
 */
export const agentPages = (from: PageSources): OwnPages => ({
  health: () => ({
    status: from.isDraining() ? 503 : 200,
    body: {
      stamp: from.stamp,
      instanceId: from.instanceId,
      state: from.registration.state,
      registered: from.registration.accepted !== null,
      serving: from.serves() && !from.isDraining(),
      epoch: from.registration.accepted?.epoch ?? null,
      holding: { count: from.holder.count, asOf: from.holder.asOf },
      workload: from.workload.state,
    },
  }),
  metrics: async () => {
    const { metrics, contact } = from;
    metrics.lapidary_agent_in_flight.set(from.flights.inFlight);
    metrics.lapidary_agent_links.set(from.linkCount());
    metrics.lapidary_agent_held_tenants.set(from.holder.count);
    metrics.lapidary_agent_serving.set(from.serves() ? 1 : 0);
    metrics.lapidary_agent_registered.set(from.registration.accepted === null ? 0 : 1);
    metrics.lapidary_agent_contact_age_seconds.set(contact.ageMs === null ? -1 : contact.ageMs / 1_000);
    metrics.lapidary_agent_workload_healthy.set(from.workload.state.healthy ? 1 : 0);
    return { type: metrics.registry.contentType, text: await metrics.registry.metrics() };
  },
});
