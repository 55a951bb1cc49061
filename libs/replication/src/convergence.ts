/**
 * How long events take from their commit in one region to being visible in another, counted in buckets, so that counts of different
 * minutes and processes add up; percentiles don't. Upper bounds in milliseconds, a third apart or so; one more bucket holds what took longer.
 */
export const convergenceBoundsMs = [
  5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000,
] as const;

export type BucketCounts = readonly number[];

export const noCounts = (): number[] => Array.from({ length: convergenceBoundsMs.length + 1 }, () => 0);

/** The bucket of a duration; one that a clock made negative counts as the shortest. */
export const bucketOfMs = (ms: number): number => {
  const index = convergenceBoundsMs.findIndex((bound) => ms <= bound);
  return index === -1 ? convergenceBoundsMs.length : index;
};

/**
 * The duration that this share of all events stayed below, between the bounds of its bucket as if they lay evenly; null where there are
 * none. What took longer than the last bound is told as the last bound.
 */
export const quantileMs = (counts: BucketCounts, share: number): number | null => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [i, count] of counts.entries()) {
    if (left > count) {
      left -= count;
      continue;
    }
    const upper = convergenceBoundsMs[i];
    if (upper === undefined) break;
    const lower = i === 0 ? 0 : convergenceBoundsMs[i - 1]!;
    return count === 0 ? lower : lower + (upper - lower) * (left / count);
  }
  return convergenceBoundsMs.at(-1)!;
};
