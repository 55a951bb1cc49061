import { cellMs, readCell, sinceCellMs, type BreakerCell } from '../across-workers/breaker-cells.js';

/** Words of a stamp's cell, behind its key. Word 4 stays empty: in the cells of breakers it says who probes, and is cleared with them. */
const field = { limit: 2, usual: 3, roundEndsMs: 5, ended: 6, failed: 7, sum: 8, mostInFlight: 9 } as const;

/** The usual time follows the means of rounds in small steps. */
const usualUnitsPerMs = 64;
/** As long as anybody waits for an answer; the sum of a round's times, in whole milliseconds, fits into 32 bits up to 140,000 such requests. */
const countedMsMax = 30_000;
/** What a worker has counted goes into the cell that others count in so often, and not at each request. */
const tellMs = 20;

/** What ended in a round, over all workers. */
export interface StampRound {
  readonly meanMs: number;
  readonly failedRatio: number;
  readonly mostInFlight: number;
}

/**
 * How requests to one stamp ended, and what follows from it, as all workers have it. Each counts by itself and adds that to the common round now and then; whoever finds
 * a round over claims its end by compare-and-exchange, and judges it for all. Nothing is locked: who dies of it takes the counts of one round along.
 */
export class StampHealth {
  private ended = 0;
  private failed = 0;
  private sumMs = 0;
  private mostInFlight = 0;
  private tellAtMs = 0;

  constructor(private readonly cell: BreakerCell) {}

  /** 0: nothing has lowered it. */
  get limit(): number {
    return readCell(this.cell, field.limit);
  }

  get usualMs(): number {
    return readCell(this.cell, field.usual) / usualUnitsPerMs;
  }

  set(limit: number, usualMs: number): void {
    const { words, at } = this.cell;
    Atomics.store(words, at + field.usual, Math.round(usualMs * usualUnitsPerMs));
    Atomics.store(words, at + field.limit, limit);
  }

  started(inFlight: number): void {
    if (inFlight > this.mostInFlight) this.mostInFlight = inFlight;
  }

  /** The round that is over with this one, if one is and this worker is the one to judge it: one of at least `endedMin`, and `roundMs` behind the one before. */
  count(hasFailed: boolean, tookMs: number, nowMs: number, endedMin: number, roundMs: number): StampRound | null {
    this.ended += 1;
    if (hasFailed) this.failed += 1;
    this.sumMs += Math.min(tookMs, countedMsMax);
    if (nowMs < this.tellAtMs) return null;
    this.tellAtMs = nowMs + tellMs;
    this.tell();
    return this.endRound(nowMs, endedMin, roundMs);
  }

  private tell(): void {
    const { words, at } = this.cell;
    const wholeMs = Math.round(this.sumMs);
    for (let most = Atomics.load(words, at + field.mostInFlight); this.mostInFlight > most;) {
      const before = Atomics.compareExchange(words, at + field.mostInFlight, most, this.mostInFlight);
      if (before === most) break;
      most = before;
    }
    Atomics.add(words, at + field.failed, this.failed);
    Atomics.add(words, at + field.sum, wholeMs);
    Atomics.add(words, at + field.ended, this.ended);
    this.sumMs -= wholeMs;
    this.ended = this.failed = this.mostInFlight = 0;
  }

  private endRound(nowMs: number, endedMin: number, roundMs: number): StampRound | null {
    const { cell } = this;
    const { words, at } = cell;
    if (readCell(cell, field.ended) < endedMin) return null;
    const endsMs = readCell(cell, field.roundEndsMs);
    // 0: no round before this one.
    if (endsMs !== 0 && sinceCellMs(cell, endsMs, nowMs) < 0) return null;
    const next = cellMs(cell, nowMs + roundMs) || 1;
    if (Atomics.compareExchange(words, at + field.roundEndsMs, endsMs, next) !== endsMs) return null;
    const take = (of: number): number => Atomics.exchange(words, at + of, 0);
    // Others may be adding meanwhile: those of whom a part is taken are in the next round with the rest.
    const ended = Math.max(1, take(field.ended));
    return {
      meanMs: (take(field.sum) >>> 0) / ended,
      failedRatio: take(field.failed) / ended,
      mostInFlight: take(field.mostInFlight),
    };
  }
}
