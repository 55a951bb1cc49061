import { latencyBoundsMs, type Traffic } from '@lapidary/contracts/agent-protocol';

const boundsMs: readonly number[] = latencyBoundsMs;
/** What took longer than the last bound is taken for this: no more is known of it. */
const beyondMs = boundsMs.at(-1)! * 2;
const upperMs = (bucket: number): number => boundsMs[bucket] ?? beyondMs;
const lowerMs = (bucket: number): number => (bucket === 0 ? 0 : boundsMs[bucket - 1]!);

export const answeredOf = ({ latency }: Traffic): number => latency.reduce((sum, count) => sum + count, 0);

/** The bucket in which the quantile falls; -1 where there is nothing. */
const bucketOf = (latency: readonly number[], quantile: number): { bucket: number; before: number; rank: number } => {
  const rank = quantile * latency.reduce((sum, count) => sum + count, 0);
  let before = 0;
  for (const [bucket, count] of latency.entries()) {
    if (count > 0 && before + count >= rank) return { bucket, before, rank };
    before += count;
  }
  return { bucket: -1, before, rank };
};

/** A percentile from buckets, evenly spread within each, as Prometheus' histogram_quantile does it. Null without answers. */
export const percentileMs = ({ latency }: Traffic, quantile: number): number | null => {
  const { bucket, before, rank } = bucketOf(latency, quantile);
  if (bucket === -1) return null;
  const within = (rank - before) / latency[bucket]!;
  return lowerMs(bucket) + within * (upperMs(bucket) - lowerMs(bucket));
};

/** The bucket bound at or above the percentile: buckets can be split there and nowhere else. Index of the first bucket beyond it. */
export const firstBucketBeyond = ({ latency }: Traffic, quantile: number): number => bucketOf(latency, quantile).bucket + 1;

export const countFrom = ({ latency }: Traffic, bucket: number): number => latency.slice(bucket).reduce((sum, count) => sum + count, 0);
