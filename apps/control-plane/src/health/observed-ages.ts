/** More than this between two clocks, and one of them was set; less is how long it takes to ask. */
const stepMsMin = 1_000;

/**
 * Ages of what the database has noted, by the monitor's own clock, which nobody sets. A time that has been seen goes on aging with it,
 * whatever becomes of the database's clock: one that was set back must not make the dead well, nor one that was set forward everybody dead.
 */
export class ObservedAges {
  private readonly known = new Map<string, { readonly at: number; readonly ownMs: number }>();
  private before: { readonly atMs: number; readonly offsetMs: number } | undefined;
  private now: { readonly atMs: number; readonly offsetMs: number } = { atMs: Number.NaN, offsetMs: 0 };

  /** A look begins: the database's clock (milliseconds since the epoch) and the own one at the same moment. */
  look(databaseMs: number, ownMs: number): void {
    this.before = Number.isNaN(this.now.atMs) ? undefined : this.now;
    this.now = { atMs: ownMs, offsetMs: databaseMs - ownMs };
  }

  /** When `at`, a time of the database's clock that stands under this key, was by the own clock; null: none stands there. */
  ownMs(key: string, at: number | null): number | null {
    const known = this.known.get(key);
    if (at !== null && known?.at === at) return known.ownMs;
    this.known.delete(key);
    if (at === null) return null;
    const ownMs = Math.min(this.now.atMs, this.ownOf(at));
    this.known.set(key, { at, ownMs });
    return ownMs;
  }

  /** Milliseconds from then until the present look. */
  ageMs(key: string, at: number | null): number | null {
    const ownMs = this.ownMs(key, at);
    return ownMs === null ? null : this.now.atMs - ownMs;
  }

  /** What was noted between two looks was so by the clock as it was before it was set, or as it is now. */
  private ownOf(at: number): number {
    const { before, now } = this;
    const ownMs = at - now.offsetMs;
    if (before === undefined || Math.abs(before.offsetMs - now.offsetMs) < stepMsMin) return ownMs;
    const earlierMs = at - before.offsetMs;
    const isBetween = (ms: number): boolean => ms >= before.atMs - stepMsMin && ms <= now.atMs + stepMsMin;
    return !isBetween(ownMs) && isBetween(earlierMs) ? earlierMs : ownMs;
  }
}
