/** 0: no read is being handled. */
let heldMs = 0;

/**
 * Monotonic milliseconds, as performance.now(). All that is done for one read of one connection happens at one time: a request asks for
 * it a dozen times, which would be a fiftieth of its cost.
 */
export const nowMs = (): number => (heldMs === 0 ? performance.now() : heldMs);

/** Time stands until letTimeGo(), within the same call. */
export const holdTime = (): void => {
  heldMs = performance.now();
};

export const letTimeGo = (): void => {
  heldMs = 0;
};

/** Runs it, and time stands meanwhile. */
export const atOneTime = <T>(run: () => T): T => {
  holdTime();
  try {
    return run();
  } finally {
    letTimeGo();
  }
};
