interface Level {
  readonly used: number;
  readonly atMs: number;
}

/**
 * So many at once, and then so many a second, for each key (a token bucket). Of more than `keysMax` keys the ones used longest ago are forgotten: who can
 * come from that many is met by what all of them share.
 */
export class Allowance {
  private readonly levels = new Map<string, Level>();

  constructor(
    private readonly max: number,
    private readonly perSecond: number,
    private readonly keysMax: number,
    /** So many seconds' worth of what was taken beyond the end, by many at once, is waited for. */
    private readonly debtSeconds = 0,
  ) {}

  /** Until there is one again; 0: there is. */
  waitSeconds(key: string, nowMs: number): number {
    return Math.max(0, this.used(key, nowMs) + 1 - this.max) / this.perSecond;
  }

  take(key: string, nowMs: number): void {
    this.set(key, Math.min(this.max + this.debtSeconds * this.perSecond, this.used(key, nowMs) + 1), nowMs);
  }

  private used(key: string, nowMs: number): number {
    const level = this.levels.get(key);
    return level === undefined ? 0 : Math.max(0, level.used - ((nowMs - level.atMs) / 1_000) * this.perSecond);
  }

  private set(key: string, used: number, nowMs: number): void {
    this.levels.delete(key);
    if (used <= 0) return;
    if (this.levels.size >= this.keysMax) this.levels.delete(this.levels.keys().next().value!);
    this.levels.set(key, { used, atMs: nowMs });
  }
}
