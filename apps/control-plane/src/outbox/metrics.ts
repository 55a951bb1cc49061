/** How the outbox stands. Depth and age are what an operator watches: they grow while NATS is away (P-QL1). */
export const outboxMetrics = {
  lapidary_outbox_depth: { type: 'gauge', help: 'Events committed here and not yet published, at the leader', labels: [] },
  lapidary_outbox_age_seconds: { type: 'gauge', help: 'Age of the oldest event not yet published, at the leader', labels: [] },
  lapidary_outbox_blocked: {
    type: 'gauge',
    help: '1: the event stream takes nothing, at the leader (runbook event_stream_blocked)',
    labels: [],
  },
  lapidary_outbox_published_total: { type: 'counter', help: 'Events published, repeats included', labels: [] },
  lapidary_outbox_publish_seconds: {
    type: 'histogram',
    help: 'From the write of an event to the acknowledgement of the stream',
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600],
  },
  lapidary_outbox_stream_repairs_total: {
    type: 'counter',
    help: 'Times the stream had lost events and they were published again',
    labels: [],
  },
  lapidary_outbox_backfill_events_total: { type: 'counter', help: 'Events sent to peers on request, from the outbox', labels: [] },
  lapidary_outbox_pruned_total: { type: 'counter', help: 'Rows taken out by retention', labels: [] },
} as const;
