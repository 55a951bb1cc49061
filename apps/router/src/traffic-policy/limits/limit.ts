import type { Steady } from './steady.js';

/**
 * One way to bound what a key (a tenant, a stamp, all) may do. An algorithm holds its parameters; its state per key is
 * `width` numbers in `s` from `at` on, all zero for a key that has done nothing, so that forgetting an idle key changes
 * nothing. Nothing here allocates, reads a clock or sets a timer.
 *
 * `share` (0 < share ≤ 1) is this router's part of the bound; several routers whose shares sum to 1 keep the bound
 * together. Each router may always do one thing at a time, however small its share: with N routers a bound below N may be
 * exceeded up to N.
 */
export interface Limit {
  readonly kind: LimitKind;
  readonly width: number;
  /** 0 where one more is within the bound; else milliseconds after which it may be. Counts nothing. */
  check(s: Float64Array, at: number, nowMs: number, share: number): number;
  /** Counts one; to be called only after a check that said 0. Milliseconds for which it has to be held back. */
  take(s: Float64Array, at: number, nowMs: number, share: number): number;
  /** One that was taken is over. */
  give(s: Float64Array, at: number): void;
  /**
   * The share has grown by `by`. What is added is no more to be had at once: another router may have used it, and a second burst would break the bound that they keep together. A
   * share that falls is told with the next call; what falls and grows again by chance must use nothing up (test: moving-shares.spec.ts).
   */
  grew(s: Float64Array, at: number, nowMs: number, shareBefore: number, by: number): void;
  /** How many more would pass now. */
  remaining(s: Float64Array, at: number, nowMs: number, share: number): number;
  /** From when on the state says the same as none, if nothing else comes. */
  idleFromMs(s: Float64Array, at: number): number;
  readonly quota: Quota;
  /** Where it is a rate with a burst that workers can draw from together. */
  readonly steady?: Steady | null;
}

export type LimitKind = 'token_bucket' | 'sliding_window' | 'fixed_window' | 'leaky_bucket' | 'concurrency';

/** As told to clients: so many requests in so many seconds; for concurrency at one time. */
export interface Quota {
  readonly requests: number;
  readonly windowSeconds: number | null;
}

/** Smaller shares are not given; a bucket that has drained at this one has drained at any. */
export const shareMin = 0.01;

/** What a router may always do at once. */
export const atLeastOne = (bound: number): number => (bound < 1 ? 1 : bound);

/** Sums of fractions miss whole numbers by less than this; a bound of a billion a second is beyond any router. */
export const roundingSlack = 1e-6;
