/** A group of requests: how many, and how many of them are what is counted. */
export interface Sample {
  readonly hits: number;
  readonly of: number;
}

/** Expected counts below this make the normal approximation too rough (NIST/SEMATECH e-Handbook, 7.3.3.1); then the exact test decides. */
const expectedMin = 10;

/**
 * Probability that chance alone gives the first group a share at least so much higher than the second's: one-sided test
 * of two proportions, pooled (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3), or Fisher's exact test where
 * counts are small.
 */
export const probabilityOfChance = (changed: Sample, control: Sample): number => {
  if (changed.of === 0 || control.of === 0) return 1;
  const pooled = (changed.hits + control.hits) / (changed.of + control.of);
  if (pooled === 0 || pooled === 1) return 1;
  const expected = Math.min(changed.of, control.of) * Math.min(pooled, 1 - pooled);
  if (expected < expectedMin) return fisherExact(changed, control);
  const z = (share(changed) - share(control)) / Math.sqrt(pooled * (1 - pooled) * (1 / changed.of + 1 / control.of));
  return upperTail(z);
};

export const share = ({ hits, of }: Sample): number => (of === 0 ? 0 : hits / of);

/** P(Z > z), Abramowitz & Stegun 26.2.17: error below 7.5e-8, far under any significance that is allowed. */
const upperTail = (z: number): number => {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
};

/** Hypergeometric upper tail: that so many of all hits, or more, fall into the changed group. */
const fisherExact = (changed: Sample, control: Sample): number => {
  const hits = changed.hits + control.hits;
  const all = changed.of + control.of;
  const constant = logFactorial(changed.of) + logFactorial(control.of) + logFactorial(hits) + logFactorial(all - hits) - logFactorial(all);
  let tail = 0;
  for (let k = changed.hits; k <= Math.min(hits, changed.of); k++) {
    const misses = [k, changed.of - k, hits - k, control.of - (hits - k)];
    if (misses.some((n) => n < 0)) continue;
    const term = Math.exp(constant - misses.reduce((sum, n) => sum + logFactorial(n), 0));
    tail += term;
    if (term < tail * 1e-12) break;
  }
  return Math.min(1, tail);
};

/** Exact below, Stirling's series with two terms above: relative error under 1e-9 from there on. */
const exactMax = 20;

const logFactorial = (n: number): number => {
  if (n < exactMax) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
};
