export const liveMetrics = {
  lapidary_live_clients: { type: 'gauge', help: 'Consoles and clients that listen to /v1/events', labels: [] },
  lapidary_live_events_total: { type: 'counter', help: 'Events handed to them', labels: [] },
} as const;
