/**
 * Delay before attempt n (0-based): exponential with full jitter, so that many clients that lost the same peer at the
 * same moment do not come back at the same moment (Brooker, "Exponential Backoff and Jitter", AWS, 2015).
 */
export const backOffMs = (attempt: number, firstMs: number, maxMs: number, random: () => number = Math.random): number => {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
};
