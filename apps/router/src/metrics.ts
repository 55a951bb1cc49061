import { policyMetricDeclarations } from './observe/policy-metric-declarations.js';
import { createMetrics, latencyBuckets, type MetricsOf } from '@lapidary/telemetry/metrics';
import { CounterTable, CounterTally, HistogramTally } from '@lapidary/telemetry/tally';
import { dnsMetricDeclarations } from './dns/dns-metrics.js';
import { edgeMetricDeclarations } from './edge-metrics.js';

/** Labels are bounded: outcomes and codes are lists in the code, stamps are few; tenants are never a label. */
export const routerMetricDeclarations = {
  lapidary_router_refusals_total: {
    type: 'counter',
    help: 'Requests that the router refused for a stamp, by code: rate_limited, overloaded, stamp_unavailable …',
    labels: ['stamp', 'code'],
  },
  lapidary_router_nats_refused_total: {
    type: 'counter',
    help: 'What came over the region’s NATS and was not taken, by subject and why: malformed, too_many, no_inbox, failed (here)',
    labels: ['subject', 'why'],
  },
  lapidary_router_refusals_waiting: {
    type: 'gauge',
    help: 'Refused requests whose answer waits for its turn: refused clients come back without a pause',
    labels: [],
  },
  ...policyMetricDeclarations,
  lapidary_router_requests_total: {
    type: 'counter',
    help: 'Requests by what became of them: answered, tunnelled, cut, client_gone, or the error code the router answered itself',
    labels: ['outcome'],
  },
  lapidary_router_answers_total: { type: 'counter', help: 'Answers of stamps by class of status', labels: ['stamp', 'class'] },
  lapidary_router_upstream_seconds: {
    type: 'histogram',
    help: 'From the start of a forward to the head of the stamp’s answer',
    labels: ['stamp'],
    buckets: latencyBuckets,
  },
  lapidary_router_deadlines_total: {
    type: 'counter',
    help: 'Requests whose time as a whole was over, by how far they had come: waiting (504, or 408 where the client held it up), answering (cut)',
    labels: ['phase'],
  },
  lapidary_router_retries_total: { type: 'counter', help: 'Forwards that were repeated, by cause', labels: ['cause'] },
  lapidary_router_hedges_total: {
    type: 'counter',
    help: 'Requests that were sent to a second front door, by what came of it: won (its answer was used), lost',
    labels: ['outcome'],
  },
  lapidary_router_misdirected_total: {
    type: 'counter',
    help: 'Answers 421 from stamps: the directory was older than the stamp',
    labels: ['stamp'],
  },
  lapidary_router_spans_total: { type: 'counter', help: 'Spans that reached the collector of traces, or did not', labels: ['outcome'] },
  lapidary_router_in_flight: { type: 'gauge', help: 'Requests being worked on', labels: [] },
  lapidary_router_unsent_bytes: {
    type: 'gauge',
    help: 'Bytes of answers over HTTP/1.1 that wait in the router for their clients to read; what the kernel has is not seen',
    labels: [],
  },
  lapidary_router_clients_given_up_total: {
    type: 'counter',
    help: 'Connections that were ended with bytes of whole answers unsent: stalled (the client read nothing for a minute), stopped (the fast path’s stop had no more time)',
    labels: ['cause'],
  },
  lapidary_router_links: { type: 'gauge', help: 'Stamp links that are there, opening and draining ones too', labels: [] },
  lapidary_router_link_streams: { type: 'gauge', help: 'Requests under way on stamp links', labels: [] },
  lapidary_router_link_streams_blocked: {
    type: 'gauge',
    help: 'Requests whose body waits for credit or for the link’s socket',
    labels: [],
  },
  lapidary_router_links_closed_total: {
    type: 'counter',
    help: 'Stamp links that ended, by what ended them; not_spoken: the front door has none',
    labels: ['fault'],
  },
  lapidary_router_workers: { type: 'gauge', help: 'Threads that take requests; 0 where the main thread does', labels: [] },
  lapidary_router_worker_deaths_total: { type: 'counter', help: 'Workers that ended without having been told to', labels: [] },
  lapidary_router_worker_hangs_total: {
    type: 'counter',
    help: 'Workers that were ended since their loop did not turn for LAPIDARY_WORKER_SILENT_MS; each is a death, too',
    labels: [],
  },
  lapidary_router_runs_total: {
    type: 'counter',
    help: 'Starts of the router’s process by its keeper, by cause: start, reload, death, sockets, stuck, hung; refused: one that was to take over and could not',
    labels: ['cause'],
  },
  lapidary_router_handed_over_total: {
    type: 'counter',
    help: 'Connections that the fast path has left to the general one: WebSocket, Expect, HTTP/1.0, tokens that are new …',
    labels: [],
  },
  lapidary_router_tunnels: { type: 'gauge', help: 'Open tunnels (WebSocket)', labels: [] },
  lapidary_router_stamp_tunnels: { type: 'gauge', help: 'Open tunnels to the stamp; they take no places of requests', labels: ['stamp'] },
  lapidary_router_bad_requests_total: {
    type: 'counter',
    help: 'Requests refused by the HTTP parser before they had a path',
    labels: ['code'],
  },
  lapidary_router_directory_cursor: { type: 'gauge', help: 'Highest cursor in the directory', labels: [] },
  lapidary_router_directory_entries: { type: 'gauge', help: 'Entries in the directory', labels: [] },
  lapidary_router_directory_age_seconds: {
    type: 'gauge',
    help: 'Since the control plane was last heard of the directory: a change, or its digest of the whole',
    labels: [],
  },
  lapidary_router_directory_live: {
    type: 'gauge',
    help: '1 while changes are being followed, 0 while serving from memory or disk',
    labels: [],
  },
  lapidary_router_directory_propagation_seconds: {
    type: 'histogram',
    help: 'From the commit of a change to this router knowing it',
    labels: [],
    buckets: latencyBuckets,
  },
  lapidary_router_directory_rejected_total: { type: 'counter', help: 'Directory messages that could not be read', labels: [] },
  lapidary_router_directory_digests_total: {
    type: 'counter',
    help: 'Comparisons with the control plane’s digest, by verdict',
    labels: ['verdict'],
  },
  lapidary_router_directory_reloads_total: { type: 'counter', help: 'Whole reloads of the directory, by cause', labels: ['cause'] },
  lapidary_router_directory_audits_total: {
    type: 'counter',
    help: 'Passes over the whole directory in memory that recomputed it from its rows, by outcome',
    labels: ['outcome'],
  },
  lapidary_router_directory_audit_findings_total: {
    type: 'counter',
    help: 'Slices of the directory in memory that were not what its changes made of them, by what differs',
    labels: ['finding'],
  },
  lapidary_router_directory_audited_seconds: {
    type: 'gauge',
    help: 'Unix time of the last pass that found the directory sound',
    labels: [],
  },
  lapidary_router_directory_bytes: { type: 'gauge', help: 'Memory that the directory takes, for all workers together', labels: [] },
  lapidary_router_directory_event_lag_seconds: {
    type: 'gauge',
    help: 'From the commit of the newest change to its being known here, until a digest says that nothing is missing; or for how long something has been missing',
    labels: [],
  },
  lapidary_router_disk_copies_total: { type: 'counter', help: 'Writes of the last good copy, by outcome', labels: ['outcome'] },
  lapidary_router_reloads_total: {
    type: 'counter',
    help: 'Files that changed while the router runs, by what they hold and whether they were taken or refused',
    labels: ['what', 'outcome'],
  },
  ...dnsMetricDeclarations,
  ...edgeMetricDeclarations,
  lapidary_router_tokens_total: {
    type: 'counter',
    help: 'Tokens that were asked for a tenant: known from before, good, refused, overloaded (too many at once), no_keys, stale_keys (a key that is not known, and no word from their source), failed (the thread died)',
    labels: ['outcome'],
  },
  lapidary_router_token_keys_confirmed_seconds: {
    type: 'gauge',
    help: 'Unix time at which the keys of tokens were last read from their source, or at which that was first tried; of threads the earliest (runbook token_unchecked)',
    labels: [],
    together: 'min',
  },
} as const;

/** What each request counts. */
interface Tallies {
  readonly requests: CounterTally;
  readonly answers: CounterTable;
  readonly upstreamSeconds: HistogramTally;
}

export type RouterMetrics = MetricsOf<typeof routerMetricDeclarations> & { readonly tallies: Tallies };

export const createRouterMetrics = (options: { readonly processMetrics: boolean }): RouterMetrics => {
  const metrics = createMetrics(routerMetricDeclarations, options);
  const tallies: Tallies = {
    requests: new CounterTally(metrics.lapidary_router_requests_total, 'outcome'),
    answers: new CounterTable(metrics.lapidary_router_answers_total, ['stamp', 'class']),
    upstreamSeconds: new HistogramTally(metrics.lapidary_router_upstream_seconds, 'stamp', latencyBuckets),
  };
  return Object.assign(metrics, { tallies });
};
