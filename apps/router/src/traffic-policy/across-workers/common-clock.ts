const nsPerMs = 1e6;

/** A thread that loses its turn between the two clocks finds too little: the greatest of a few readings is the truest. */
const readings = 5;

/**
 * What performance.now() of this thread is behind a clock that all threads have. A thread's own begins with the thread; this one is the same for all of
 * them, to much less than a millisecond.
 */
export const clockAheadMs = (): number =>
  Math.max(...Array.from({ length: readings }, () => Number(process.hrtime.bigint()) / nsPerMs - performance.now()));
