/** Of the collections, by name. */
export const collectionMetrics = {
  lapidary_collection_losses_total: {
    type: 'counter',
    help: 'Values that lost in a merge and were written into the conflict ledger of this region',
    labels: ['collection'],
  },
  lapidary_collection_histories_total: {
    type: 'counter',
    help: 'Histories of nested documents that this region has proposed to begin anew, and those that it has begun',
    labels: ['step'],
  },
  lapidary_collection_late_changes_total: {
    type: 'counter',
    help: 'Changes of nested documents of a history that had ended without them: kept in the conflict ledger, and told anew by their region',
    labels: ['origin'],
  },
  lapidary_collection_held_changes: {
    type: 'gauge',
    help: 'Changes that are held because their time is too far ahead of the clock here',
    labels: ['origin'],
  },
} as const;

export const watchMetrics = {
  lapidary_collection_watchers: { type: 'gauge', help: 'Clients that watch documents at this process', labels: [] },
} as const;
