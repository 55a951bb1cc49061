import type { Holder } from './holder.js';

/** A request waits this long for news of its tenant before it is refused; the router then looks the tenant up again. */
const waitMs = 500;
/** Waiting requests cost memory; rubbish at a high rate must not pile up. */
const waitersMax = 1_000;

/**
 * On a miss the control plane is asked once, so that a fresh placement serves at once although its push is still on the
 * way. Resolves when the request can be served, the answer is in, or the wait is over.
 */
export class Misses {
  private waiters = 0;

  constructor(
    private readonly holder: Holder,
    private readonly ask: () => Promise<void>,
  ) {}

  async wait(isServable: () => boolean): Promise<void> {
    if (this.waiters >= waitersMax) return;
    this.waiters += 1;
    let timer: NodeJS.Timeout | undefined;
    let stopListening: () => void = () => undefined;
    try {
      const news = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, waitMs);
        stopListening = this.holder.onChange(() => {
          if (isServable()) resolve();
        });
      });
      await Promise.race([news, this.ask()]);
    } finally {
      clearTimeout(timer);
      stopListening();
      this.waiters -= 1;
    }
  }
}
