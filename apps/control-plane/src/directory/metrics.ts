import { latencyBuckets } from '@lapidary/telemetry/metrics';

/** From commit to routers and agents. */
export const directoryMetrics = {
  lapidary_directory_cursor: { type: 'gauge', help: 'Last directory cursor published, at the leader', labels: [] },
  lapidary_directory_unpublished: { type: 'gauge', help: 'Directory entries changed and not yet published, at the leader', labels: [] },
  lapidary_directory_blocked: {
    type: 'gauge',
    help: '1: the directory’s stream takes nothing, at the leader (runbook event_stream_blocked)',
    labels: [],
  },
  lapidary_directory_publish_seconds: {
    type: 'histogram',
    help: 'From the write of a directory entry to the acknowledgement of the stream',
    labels: [],
    buckets: latencyBuckets,
  },
  lapidary_directory_repairs_total: { type: 'counter', help: 'Times the stream differed from the table and was made right', labels: [] },
  lapidary_directory_wrong_sums_total: {
    type: 'counter',
    help: 'Times the kept digest of the directory was not that of its rows, and was made right',
    labels: [],
  },
  lapidary_directory_router_lag: { type: 'gauge', help: 'Entries that a router is behind, by its last heartbeat', labels: ['router'] },
  lapidary_hold_pushes_total: { type: 'counter', help: 'Hold and drop commands to stamp agents', labels: ['outcome'] },
  lapidary_hold_seconds: {
    type: 'histogram',
    help: 'From placement to the stamp’s confirmation that it holds the tenant',
    labels: [],
    buckets: latencyBuckets,
  },
} as const;
