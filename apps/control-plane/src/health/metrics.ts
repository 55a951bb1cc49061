/** Stamps as the region hears them. */
export const healthMetrics = {
  lapidary_heartbeats_total: {
    type: 'counter',
    help: 'Heartbeats written by this process, one a second of each stamp at most',
    labels: ['stamp'],
  },
  lapidary_heartbeats_refused_total: {
    type: 'counter',
    help: 'Heartbeats of processes that are not the stamp’s present one (P-HB3), or that say what no agent says; “unknown”: of no stamp of this region',
    labels: ['stamp'],
  },
  lapidary_stamp_health: { type: 'gauge', help: '0 unknown, 1 healthy, 2 suspected, 3 dead; at the monitor', labels: ['stamp'] },
  lapidary_stamp_heartbeat_age_seconds: { type: 'gauge', help: 'Since the last heartbeat; at the monitor', labels: ['stamp'] },
  lapidary_stamp_suspected_after_seconds: {
    type: 'gauge',
    help: 'Silence after which the stamp is suspected, by its own rhythm (φ > 8) with a floor',
    labels: ['stamp'],
  },
  lapidary_agent_requests_total: { type: 'counter', help: 'Registrations and syncs answered', labels: ['kind', 'outcome'] },
} as const;
