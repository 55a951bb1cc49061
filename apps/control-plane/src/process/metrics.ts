import { createMetrics, latencyBuckets, type MetricsOf } from '@lapidary/telemetry/metrics';

/** Metrics of the API and of placement. Features with metrics of their own add theirs to `METRICS.registry`. */
export const controlPlaneMetrics = {
  lapidary_http_requests_total: { type: 'counter', help: 'Answered API requests', labels: ['method', 'route', 'status'] },
  lapidary_http_request_seconds: {
    type: 'histogram',
    help: 'Time from request to answer',
    labels: ['method', 'route'],
    buckets: latencyBuckets,
  },
  lapidary_auth_refused_total: {
    type: 'counter',
    help: 'Credentials that were refused: offered as (bearer, cookie, session), and why (unknown, revoked, held, expired, limited)',
    labels: ['entry', 'why'],
  },
  lapidary_commands_running: { type: 'gauge', help: 'Commands that hold a database connection', labels: [] },
  lapidary_commands_waiting: { type: 'gauge', help: 'Commands that wait for their turn', labels: [] },
  lapidary_placements_total: { type: 'counter', help: 'Placement decisions by outcome', labels: ['outcome'] },
  lapidary_placement_lost_races_total: {
    type: 'counter',
    help: 'Reservations refused because another placement took the room first (I2)',
    labels: [],
  },
  lapidary_tenants_pending: { type: 'gauge', help: 'Tenants of this region that wait for room', labels: [] },
  lapidary_database_blocked: {
    type: 'gauge',
    help: '1: the database is there and refuses what it is asked: no room, no connections, read only (runbook database_blocked)',
    labels: [],
  },
  lapidary_nats_refused_total: {
    type: 'counter',
    help: 'What came over this region’s NATS and was not taken, by subject and why: malformed, too_many, no_inbox, failed (here)',
    labels: ['subject', 'why'],
  },
  lapidary_audit_unsealed: { type: 'gauge', help: 'Audit rows not yet in the hash chain, at the last look', labels: [] },
} as const;

export type ControlPlaneMetrics = MetricsOf<typeof controlPlaneMetrics>;

export const createControlPlaneMetrics = (options: { processMetrics: boolean }): ControlPlaneMetrics =>
  createMetrics(controlPlaneMetrics, options);
