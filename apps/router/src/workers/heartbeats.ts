/** A turn of a worker's loop takes milliseconds. */
export const beatEveryMs = 100;

export const createBeats = (workers: number): SharedArrayBuffer => new SharedArrayBuffer(workers * Int32Array.BYTES_PER_ELEMENT);

/** Says once that the worker's loop has turned. */
export const beatOf = (beats: SharedArrayBuffer, worker: number): (() => void) => {
  const counts = new Int32Array(beats);
  return () => void Atomics.add(counts, worker, 1);
};

/** So late a look of our own means that this thread, or the machine, stood still; others' silence then says nothing. */
const stoodStillTimes = 3;
/** Fewer beats than these may be late by chance. */
const beatsMin = 5;
/** So many times the bound, and even the last worker hangs. */
const lastTimes = 3;

/** Which workers have been silent for too long, looked at in even intervals. Pure but for the shared counts. */
export class HeartbeatWatch {
  private readonly counts: Int32Array;
  private readonly silentMsMax: number;
  private readonly heard: { count: number; atMs: number }[];
  private lookedAtMs: number | null = null;

  constructor(
    beats: SharedArrayBuffer,
    silentMsMax: number,
    private readonly lookEveryMs: number,
  ) {
    this.silentMsMax = Math.max(silentMsMax, beatsMin * beatEveryMs);
    this.counts = new Int32Array(beats);
    this.heard = Array.from(this.counts, (count) => ({ count, atMs: 0 }));
  }

  /** The worker has just begun: its time begins, too. */
  begin(worker: number, nowMs: number): void {
    this.heard[worker] = { count: Atomics.load(this.counts, worker), atMs: nowMs };
    this.lookedAtMs ??= nowMs;
  }

  /** Those that were silent for too long at the last look: whether so long that it is no want of processor time any more. */
  isSilentForLong(worker: number): boolean {
    return this.lookedAtMs !== null && this.lookedAtMs - this.heard[worker]!.atMs > lastTimes * this.silentMsMax;
  }

  silent(nowMs: number): readonly number[] {
    const stoodStill = this.lookedAtMs !== null && nowMs - this.lookedAtMs > stoodStillTimes * this.lookEveryMs;
    this.lookedAtMs = nowMs;
    const silent: number[] = [];
    this.heard.forEach((heard, worker) => {
      const count = Atomics.load(this.counts, worker);
      if (stoodStill || count !== heard.count) this.heard[worker] = { count, atMs: nowMs };
      else if (nowMs - heard.atMs > this.silentMsMax) silent.push(worker);
    });
    return silent;
  }
}

/**
 * Whom of the silent to end now. A machine that is short of processor time makes all workers silent, one soon after the other, while this thread, which does little, is on time: to end them
 * all would break every connection off, and make more work. So the last of several that serve, or are silent together, is given longer.
 */
export const toEnd = (
  silent: readonly number[],
  serving: readonly number[],
  workers: number,
  isSilentForLong: (worker: number) => boolean,
): readonly number[] => {
  const goesOn = serving.some((worker) => !silent.includes(worker));
  return goesOn || workers === 1 ? silent : silent.filter(isSilentForLong);
};
