/** Of the digests of documents, at the replica that leads them. */
export const digestMetrics = {
  lapidary_digest_folded_total: {
    type: 'counter',
    help: 'Changes of documents that were folded into the digests of this region',
    labels: [],
  },
  lapidary_scrub_rows_total: { type: 'counter', help: 'Documents that were looked through for silent corruption', labels: [] },
  lapidary_digest_rebuilt_total: {
    type: 'counter',
    help: 'Times that a kept digest was not that of its rows, and was made anew',
    labels: [],
  },
} as const;
