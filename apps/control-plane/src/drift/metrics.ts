/** Drift of the region, at the leader of its runs; other replicas show nothing. */
export const driftMetrics = {
  lapidary_drift_findings: {
    type: 'gauge',
    help: 'Findings that stand now; state is open or suppressed',
    labels: ['kind', 'severity', 'state'],
  },
  lapidary_drift_oldest_finding_seconds: { type: 'gauge', help: 'Age of the oldest open finding; 0 when there is none', labels: [] },
  lapidary_drift_sensor_alive: {
    type: 'gauge',
    help: '1: the sensor found the drift that was planted for it in the last run; 0: it is blind',
    labels: ['sensor'],
  },
  lapidary_drift_skipped: { type: 'gauge', help: 'Subjects that the sensor did not look at in the last run', labels: ['sensor'] },
  lapidary_drift_last_run_age_seconds: {
    type: 'gauge',
    help: 'Since the last complete run over all stamps ended; where there was none, since this replica leads',
    labels: [],
  },
  lapidary_drift_overdue: {
    type: 'gauge',
    help: '1: no run over all stamps has ended well for two intervals and ten minutes; what is said of drift is old',
    labels: [],
  },
  lapidary_drift_quarantined: { type: 'gauge', help: 'Open findings that three repairs did not help: left to a person', labels: [] },
  lapidary_drift_run_seconds: {
    type: 'histogram',
    help: 'Time of a run, by outcome',
    labels: ['outcome'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  },
} as const;
