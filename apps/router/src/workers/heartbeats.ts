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
