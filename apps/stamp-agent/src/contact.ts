/**
 * How long ago the control plane last vouched for what we hold. With a limit (LAPIDARY_HOLD_ALONE_MS), an agent that was
 * cut off for longer stops serving, so that tenants may be moved without its word (docs/adr/0004). Without a limit it
 * serves for as long as it must (static stability).
 *
 * Both clocks are asked and the longer time counts: the monotonic one stands still while a machine sleeps, the wall
 * clock may be set back.
 */
export class Contact {
  private last: { readonly wallMs: number; readonly monotonicMs: number } | null = null;

  constructor(
    private readonly limitMs: number | null,
    private readonly wallNowMs: () => number = Date.now,
    private readonly monotonicNowMs: () => number = () => performance.now(),
  ) {}

  /** To be taken before asking: an answer vouches for the moment of the question, not for its own arrival. */
  now(): { readonly wallMs: number; readonly monotonicMs: number } {
    return { wallMs: this.wallNowMs(), monotonicMs: this.monotonicNowMs() };
  }

  answered(askedAt: { readonly wallMs: number; readonly monotonicMs: number }): void {
    this.last = askedAt;
  }

  /** What a copy on disk says of the time before this process. */
  restore(wallMs: number): void {
    this.last ??= { wallMs, monotonicMs: this.monotonicNowMs() - Math.max(0, this.wallNowMs() - wallMs) };
  }

  get lastWallMs(): number | null {
    return this.last?.wallMs ?? null;
  }

  get isLimited(): boolean {
    return this.limitMs !== null;
  }

  /** Comparing at least this often keeps three lost answers in a row from looking like a cut. */
  get compareEveryMs(): number {
    return this.limitMs === null ? Infinity : this.limitMs / 4;
  }

  /** Milliseconds since the last contact; null: never. */
  get ageMs(): number | null {
    if (this.last === null) return null;
    return Math.max(this.wallNowMs() - this.last.wallMs, this.monotonicNowMs() - this.last.monotonicMs);
  }

  get isFresh(): boolean {
    if (this.limitMs === null) return true;
    const { ageMs } = this;
    return ageMs !== null && ageMs <= this.limitMs;
  }
}
