import { cellField, cellMs, readCell, sinceCellMs, type BreakerCell } from '../across-workers/breaker-cells.js';

/** Bits of `out`. */
const ill = 1;
const ejected = 2;

/** A moment, never 0: that says "never". */
const momentOf = (cell: BreakerCell, atMs: number): number => cellMs(cell, atMs) || 1;

/**
 * How a front door is as all workers have it (L4): what a health check found, and for how long it is passed over since it does worse than the
 * others. In the cell of its breaker; where nobody else counts, that is this worker's own.
 */
export class DoorHealth {
  private seenEjections: number;

  constructor(private readonly cell: BreakerCell) {
    this.seenEjections = this.ejections;
  }

  get ejections(): number {
    return readCell(this.cell, cellField.ejections);
  }

  /** Its last health check failed. */
  get isIll(): boolean {
    return (readCell(this.cell, cellField.out) & ill) !== 0;
  }

  /** On the hot path: one look into memory where nothing is wrong. */
  isOut(nowMs: number): boolean {
    const out = readCell(this.cell, cellField.out);
    return out !== 0 && ((out & ill) !== 0 || this.isEjected(nowMs));
  }

  isEjected(nowMs: number): boolean {
    const { cell } = this;
    if ((readCell(cell, cellField.out) & ejected) === 0) return false;
    if (sinceCellMs(cell, readCell(cell, cellField.ejectedUntilMs), nowMs) < 0) return true;
    Atomics.and(cell.words, cell.at + cellField.out, ~ejected);
    return false;
  }

  /** `restMs` by how often it has been, this time included. Of two workers that find so at once one does it. */
  eject(restMs: (ejections: number) => number, nowMs: number): boolean {
    const { words, at } = this.cell;
    const before = this.ejections;
    const untilMs = momentOf(this.cell, nowMs + restMs(before + 1));
    if (Atomics.compareExchange(words, at + cellField.ejections, before, before + 1) !== before) return false;
    Atomics.store(words, at + cellField.ejectedUntilMs, untilMs);
    Atomics.or(words, at + cellField.out, ejected);
    return true;
  }

  /** Whether somebody has ejected it since this was asked last: what was counted of it before says nothing any more. */
  hasBeenEjected(): boolean {
    const { ejections } = this;
    if (ejections === this.seenEjections) return false;
    this.seenEjections = ejections;
    return true;
  }

  checked(isWell: boolean): void {
    const { words, at } = this.cell;
    if (isWell) Atomics.and(words, at + cellField.out, ~ill);
    else Atomics.or(words, at + cellField.out, ill);
  }

  /** Whether its health is to be looked at now, and this worker does it: nobody else will for `claimMs`, so that one that dies of it holds nothing up. */
  claimCheck(firstMs: number, claimMs: number, nowMs: number): boolean {
    const { words, at } = this.cell;
    const dueMs = readCell(this.cell, cellField.checkDueMs);
    if (dueMs !== 0 && sinceCellMs(this.cell, dueMs, nowMs) < 0) return false;
    const next = momentOf(this.cell, nowMs + (dueMs === 0 ? firstMs : claimMs));
    return Atomics.compareExchange(words, at + cellField.checkDueMs, dueMs, next) === dueMs && dueMs !== 0;
  }

  checkNext(atMs: number): void {
    Atomics.store(this.cell.words, this.cell.at + cellField.checkDueMs, momentOf(this.cell, atMs));
  }
}
