/** Long enough to hold the attempts that a judgement needs, short enough that yesterday's trouble is forgotten. */
const windowMs = 10_000;

export interface Ratio {
  total: number;
  /** Failed of all, 0 where there were none. */
  ratio: number;
}

/** Good and bad over about the last 10 s: this half window and the one before. */
export class RollingCounts {
  private halfEndsMs = 0;
  private goods = 0;
  private bads = 0;
  private goodsBefore = 0;
  private badsBefore = 0;
  private readonly reading: Ratio = { total: 0, ratio: 0 };

  good(nowMs: number): void {
    this.roll(nowMs);
    this.goods += 1;
  }

  bad(nowMs: number): void {
    this.roll(nowMs);
    this.bads += 1;
  }

  /** The same object each time. */
  read(nowMs: number): Readonly<Ratio> {
    this.roll(nowMs);
    const bad = this.bads + this.badsBefore;
    this.reading.total = bad + this.goods + this.goodsBefore;
    this.reading.ratio = this.reading.total === 0 ? 0 : bad / this.reading.total;
    return this.reading;
  }

  clear(): void {
    this.goods = this.bads = this.goodsBefore = this.badsBefore = 0;
  }

  private roll(nowMs: number): void {
    if (nowMs < this.halfEndsMs) return;
    const isNext = nowMs < this.halfEndsMs + windowMs / 2;
    this.goodsBefore = isNext ? this.goods : 0;
    this.badsBefore = isNext ? this.bads : 0;
    this.goods = this.bads = 0;
    this.halfEndsMs = nowMs + windowMs / 2;
  }
}
