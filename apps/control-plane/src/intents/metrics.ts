/** The queue at the region that took the requests, and the verdicts at the region that owns their subjects. */
export const intentMetrics = {
  lapidary_intents_open: { type: 'gauge', help: 'Requests that wait for the region that owns their subject', labels: ['owner', 'state'] },
  lapidary_intents_oldest_seconds: { type: 'gauge', help: 'Age of the oldest of them; 0 without any', labels: ['owner'] },
  lapidary_intents_settled_total: { type: 'counter', help: 'Intents that ended, by how', labels: ['owner', 'state'] },
  lapidary_intent_verdicts_total: {
    type: 'counter',
    help: 'Answers to other regions’ intents; "not-now" is no verdict: the region asks again',
    labels: ['origin', 'verdict'],
  },
} as const;
