import type { DigestVerdict } from './digest-check.js';

/**
 * How new the directory is, by what its source says of itself: the region's control plane tells its digest every few seconds, and changes
 * as they are committed. NATS alone, from which changes may still be read, says nothing of what the control plane has committed since.
 */
export class Freshness {
  private heardAtMs = 0;
  private behindSinceMs: number | null = null;
  private lastLagMs = 0;

  /** A whole directory, as its source had it at that time (milliseconds since the epoch). */
  begin(heardAtMs: number): void {
    this.heardAtMs = heardAtMs;
    this.behindSinceMs = null;
    this.lastLagMs = 0;
  }

  /** A change came while changes were followed. Returns milliseconds since its commit. */
  change(committedAtMs: number, nowMs: number): number {
    this.lastLagMs = Math.max(0, nowMs - committedAtMs);
    this.heardAtMs = Math.max(this.heardBy(nowMs), Math.min(committedAtMs, nowMs));
    return this.lastLagMs;
  }

  /** The control plane told its digest. One of another database (`rebuild`) says nothing of this directory. */
  digest(verdict: DigestVerdict, nowMs: number): void {
    if (verdict === 'rebuild') return;
    this.heardAtMs = nowMs;
    if (verdict === 'equal' || verdict === 'ahead') {
      this.behindSinceMs = null;
      this.lastLagMs = 0;
    } else this.behindSinceMs ??= nowMs;
  }

  /** When its source was last heard of, milliseconds since the epoch; 0: never. */
  get sourceHeardAtMs(): number {
    return this.heardAtMs;
  }

  ageMs(nowMs: number): number {
    return nowMs - this.heardBy(nowMs);
  }

  /** How late the newest change was, until a digest says that nothing is missing; or for how long something has been missing. */
  lagMs(nowMs: number): number {
    if (this.behindSinceMs === null) return this.lastLagMs;
    this.behindSinceMs = Math.min(this.behindSinceMs, nowMs);
    return Math.max(this.lastLagMs, nowMs - this.behindSinceMs);
  }

  /** A clock that was ahead, and was set back, has left a time behind that has not come yet: until it had, nothing would seem old. */
  private heardBy(nowMs: number): number {
    this.heardAtMs = Math.min(this.heardAtMs, nowMs);
    return this.heardAtMs;
  }
}
