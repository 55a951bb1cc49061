/** Of the digests of documents, at the replica that leads them. */
export const digestMetrics = {
  lapidary_digest_folded_total: {
    type: 'counter',
    help: 'Changes of documents that were folded into the digests of this region',
    labels: [],
  },
} as const;
