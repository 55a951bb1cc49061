export const rolloutMetrics = {
  lapidary_rollouts_open: {
    type: 'gauge',
    help: 'Roll-outs that this region coordinates and that want to be looked at; at the leader',
    labels: [],
  },
  lapidary_rollouts_ended_total: {
    type: 'counter',
    help: 'Changes of a roll-out’s status, by what it became: alert on halted',
    labels: ['status'],
  },
  lapidary_rollout_step_seconds: {
    type: 'histogram',
    help: 'Time of one look and step',
    labels: [],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  lapidary_rollout_unanswered_total: {
    type: 'counter',
    help: 'Questions to a region that brought no answer or a refusal',
    labels: ['region'],
  },
  lapidary_workload_versions: {
    type: 'gauge',
    help: 'Workload versions that active stamps run; more than 2 is never begun; at the leader',
    labels: [],
  },
} as const;
