import type { Clock } from './clock.js';

/**
 * Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): close to wall time, never backwards,
 * and later than everything seen. Text form sorts as the clock does: `<ms, 13 digits>.<counter, 4 hex>.<region>`.
 */
export interface HlcStamp {
  readonly ms: number;
  readonly counter: number;
  readonly region: string;
}

/** Enough for 65,536 stamps in one millisecond; the next one borrows from the following millisecond. */
const counterMax = 0xffff;
const pattern = /^(\d{13})\.([0-9a-f]{4})\.([a-z][a-z0-9-]*)$/;

export const formatHlc = (s: HlcStamp): string =>
  `${String(s.ms).padStart(13, '0')}.${s.counter.toString(16).padStart(4, '0')}.${s.region}`;

export const parseHlc = (text: string): HlcStamp | null => {
  const m = pattern.exec(text);
  return m ? { ms: Number(m[1]), counter: Number.parseInt(m[2]!, 16), region: m[3]! } : null;
};

/** 13 digits, a dot, 4 hex digits, a dot. */
const regionStart = 19;

/** The region of a stamp's text form, which must be one. Without parsing: merges ask this of every value. */
export const regionOfHlc = (text: string): string => text.slice(regionStart);

/** The stamp that follows `last` at wall time `nowMs`; with `seen`, also later than that remote stamp. */
export const advanceHlc = (last: HlcStamp, nowMs: number, seen?: HlcStamp): HlcStamp => {
  const ms = Math.max(last.ms, nowMs, seen?.ms ?? 0);
  const floor = Math.max(last.ms === ms ? last.counter + 1 : 0, seen?.ms === ms ? seen.counter + 1 : 0);
  return floor > counterMax ? { ms: ms + 1, counter: 0, region: last.region } : { ms, counter: floor, region: last.region };
};

/** One clock per process; remote stamps are folded in with `observe`. */
export class HybridLogicalClock {
  private last: HlcStamp;

  constructor(
    region: string,
    private readonly clock: Clock,
  ) {
    this.last = { ms: 0, counter: 0, region };
  }

  tick(): string {
    this.last = advanceHlc(this.last, this.clock.nowMs());
    return formatHlc(this.last);
  }

  observe(text: string): void {
    const seen = parseHlc(text);
    if (seen) this.last = advanceHlc(this.last, this.clock.nowMs(), seen);
  }
}
