import { setImmediate as nextTurn } from 'node:timers/promises';

/** Changes are applied for at most so long at a time: what they add to a request that comes meanwhile. */
const workMsMax = 1;

/** Lets requests have their turn among many small pieces of work, which as promises alone would keep the loop to themselves. */
export class Pace {
  private beganMs = 0;

  /** Does the work; a promise where it is now others' turn. */
  after(work: () => void): Promise<void> | void {
    const nowMs = performance.now();
    // Long after the last piece, others have had theirs.
    if (nowMs - this.beganMs > 2 * workMsMax) this.beganMs = nowMs;
    work();
    if (performance.now() - this.beganMs >= workMsMax) return this.giveWay();
  }

  async giveWay(): Promise<void> {
    await nextTurn();
    this.beganMs = performance.now();
  }
}
