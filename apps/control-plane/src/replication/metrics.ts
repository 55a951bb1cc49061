import { convergenceBoundsMs } from '@lapidary/replication/convergence';

/** One link per peer; the leader of that link reports. */
export const replicationMetrics = {
  lapidary_replication_applied_total: { type: 'counter', help: 'Events of a peer that took effect here', labels: ['peer'] },
  lapidary_replication_skipped_total: { type: 'counter', help: 'Events of a peer that came again', labels: ['peer'] },
  lapidary_replication_gaps_total: { type: 'counter', help: 'Holes in a peer’s stream that were filled from its outbox', labels: ['peer'] },
  lapidary_replication_refused_total: {
    type: 'counter',
    help: 'What was in the peer’s stream and is none of its events: unreadable, malformed, not in its log, or not signed by it',
    labels: ['peer', 'why'],
  },
  lapidary_replication_dead_letters_total: { type: 'counter', help: 'Events that could not be applied and were parked', labels: ['peer'] },
  lapidary_replication_dead_letters_open: { type: 'gauge', help: 'Parked events that nobody has settled', labels: ['peer'] },
  lapidary_replication_quarantined_events: {
    type: 'gauge',
    help: 'Events that wait behind a parked one of their document',
    labels: ['peer'],
  },
  lapidary_replication_awaiting_version: {
    type: 'gauge',
    help: 'Parked events of types that this version does not know: applied by themselves once it is rolled out',
    labels: ['peer'],
  },
  lapidary_replication_conflicts_total: { type: 'counter', help: 'Names that two regions had given out', labels: ['peer'] },
  lapidary_replication_lag_seconds: { type: 'gauge', help: 'Age of the last applied event when it was applied', labels: ['peer'] },
  lapidary_replication_convergence_seconds: {
    type: 'histogram',
    help: 'From the commit of an event in the peer’s region to its being visible here, by both regions’ clocks',
    labels: ['peer'],
    buckets: convergenceBoundsMs.map((ms) => ms / 1_000),
  },
  lapidary_replication_behind: {
    type: 'gauge',
    help: 'Events that the peer has and we have not applied, at the last look',
    labels: ['peer'],
  },
  lapidary_replication_connected: { type: 'gauge', help: '1 while the link to the peer stands', labels: ['peer'] },
  lapidary_replication_sessions_total: {
    type: 'counter',
    help: 'Times the peer’s stream was opened, by why the last reading ended',
    labels: ['peer', 'after'],
  },
  lapidary_replication_set_back: {
    type: 'gauge',
    help: '1 while the peer is restored from a backup: nothing is taken from it until it begins a new epoch',
    labels: ['peer'],
  },
  lapidary_replication_refused_epochs: {
    type: 'gauge',
    help: 'Stamps and tenants of the peer whose epoch it told lower than it is known here: refused, and what is known is served on',
    labels: ['peer'],
  },
  lapidary_replication_signatures_refused_total: {
    type: 'counter',
    help: 'What came in the peer’s name and was not believed: messages of its stream (events), its answers, its requests; by what is wrong with the signature',
    labels: ['peer', 'what', 'why'],
  },
  lapidary_replication_unsigned: {
    type: 'gauge',
    help: '1 while what comes in the peer’s name is believed without a signature, since no key of it is configured',
    labels: ['peer'],
  },
  lapidary_recovery_fenced: {
    type: 'gauge',
    help: '1 while this region is fenced, since its own database was restored from a backup: it writes nothing',
    labels: [],
  },
  lapidary_retention_held_back: {
    type: 'gauge',
    help: '1 while nothing is purged because of this region: it has not said for long that it knows what was deleted',
    labels: ['peer'],
  },
  lapidary_forwarded_requests_total: {
    type: 'counter',
    help: 'API requests passed to the region they belong to',
    labels: ['peer', 'outcome'],
  },
} as const;
