/**
 * How long a stamp may be silent, by its own rhythm: φ-accrual (Hayashibara, Défago, Yared, Katayama: "The φ Accrual Failure
 * Detector", SRDS 2004). φ = −log10 of the chance that a gap of the stamp is longer than the present silence, with gaps taken
 * as normally distributed. φ exceeds a threshold exactly when the silence exceeds mean + z × deviation, so the thresholds are
 * kept as times. P-HB2: k × interval + margin is the floor, however regular a stamp has been.
 */

/** φ = 8: one false suspicion in 10^8 gaps of a stamp that keeps its rhythm. z of the upper tail 1e-8. */
const suspectedZ = 5.612;
/** φ = 12; z of the upper tail 1e-12. */
const deadZ = 7.034;
/** Two beats may get lost on a busy machine; the third missing one is worth a suspicion. */
const suspectedAfterBeats = 3;
/** Long enough for an agent to restart. */
const deadAfterBeats = 10;
/** Scheduling and network noise, which does not grow with the interval. */
const marginMs = 500;
/** An irregular past buys a stamp at most this many times the floor: it must not be able to die unnoticed. */
const stretchMax = 3;
/** A few minutes of beats: enough for a deviation, short enough to follow a change of load. */
const gapsMax = 200;
/** Fewer say nothing about a deviation. */
const gapsMin = 10;

export interface SilenceLimits {
  /** Silent for longer, milliseconds: suspected. */
  readonly suspectedMs: number;
  /** Silent for longer, milliseconds: dead. */
  readonly deadMs: number;
}

export const floorOf = (intervalMs: number): SilenceLimits => ({
  suspectedMs: suspectedAfterBeats * intervalMs + marginMs,
  deadMs: deadAfterBeats * intervalMs + marginMs,
});

/** The gaps between a stamp's last heartbeats. */
export class Rhythm {
  private readonly gaps: number[] = [];
  private lastAtMs: number | null = null;

  constructor(private readonly intervalMs: number) {}

  /** A heartbeat was heard at this time, of one clock; told again, it is no other one. */
  heard(atMs: number): void {
    const gap = this.lastAtMs === null ? null : atMs - this.lastAtMs;
    if (gap === 0) return;
    this.lastAtMs = atMs;
    // A silence that was taken for death is no habit: it must not excuse the next one. A clock set back is none either.
    if (gap === null || gap < 0 || gap > this.limits.deadMs) return;
    this.gaps.push(gap);
    if (this.gaps.length > gapsMax) this.gaps.shift();
  }

  /** Nobody listened for a while: the next gap is not the stamp's. */
  interrupted(): void {
    this.lastAtMs = null;
  }

  get limits(): SilenceLimits {
    const floor = floorOf(this.intervalMs);
    if (this.gaps.length < gapsMin) return floor;
    const mean = this.gaps.reduce((sum, gap) => sum + gap, 0) / this.gaps.length;
    const deviation = Math.sqrt(this.gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / this.gaps.length);
    const within = (limit: number, least: number): number => Math.min(stretchMax * least, Math.max(least, limit));
    return {
      suspectedMs: within(mean + suspectedZ * deviation, floor.suspectedMs),
      deadMs: within(mean + deadZ * deviation, floor.deadMs),
    };
  }
}
