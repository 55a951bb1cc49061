import { nextState } from '@lapidary/kernel/transition-table';
import { cellField, cellMs, OwnCells, readCell, sinceCellMs, type BreakerCell } from '../across-workers/breaker-cells.js';
import { RollingCounts } from './rolling-counts.js';
import { breakerTable, type BreakerEvent, type BreakerState } from './breaker-states.js';

/** Less may be chance. */
const failuresOnEndMax = 5;
const attemptsMin = 20;
const failureRatioMax = 0.5;
/** A stamp's agent is back from a restart within about a second. */
const restMsFirst = 1_000;
/** A door that is gone for good is tried this often. */
const restMsMax = 30_000;
/** Doublings that reach it. */
const levelMax = 5;
/** Routers that opened together don't probe together. */
const restJitter = 0.2;
const answersToClose = 2;
/** A probe of which nothing is known for so long says nothing: a long poll, a slow report. Another one may go beside it. */
const probeMsMax = 5_000;

/** Of a failure that no tenant can have made. */
export const ofTheDoor = 0;

export type Random = () => number;

/** A cell's word: two bits of state, then the doublings of the rest, then a number that grows with each move. */
const states: readonly BreakerState[] = ['closed', 'open', 'half_open'];
const [closed, open, halfOpen] = [0, 1, 2] as const;
const stateBits = 3;
const levelShift = 2;
const levelBits = 7;
const moveShift = 5;
const levelOf = (word: number): number => (word >>> levelShift) & levelBits;

/**
 * Moves by breakerTable; every method is O(1) and allocates nothing while the state stays. It isn't told which attempt an
 * end belongs to: an attempt from before the opening that fails late opens it again, which errs on the safe side.
 *
 * Its cell may be shared with other workers (L3): each move is one compare-and-exchange of the word, and of two at once one
 * happens. `counts` are this worker's own.
 */
export class Breaker {
  readonly counts = new RollingCounts();
  private seenMove = 0;

  constructor(
    private readonly random: Random = Math.random,
    private readonly cell: BreakerCell = new OwnCells().cell(),
  ) {}

  get state(): BreakerState {
    return states[this.word() & stateBits]!;
  }

  /** Whether a request may be sent now. */
  allows(nowMs: number): boolean {
    switch (this.word() & stateBits) {
      case closed:
        return true;
      case open:
        return this.waitedMs(nowMs) >= 0 && this.isProbeFree(nowMs);
      default:
        return this.isProbeFree(nowMs);
    }
  }

  /** Until a request may be tried again; 0 where it may now. */
  waitMs(nowMs: number): number {
    return (this.word() & stateBits) === open ? Math.max(0, -this.waitedMs(nowMs)) : 0;
  }

  /** A request is about to be sent, as was allowed. false: another worker was faster, and this one must not be. */
  sent(nowMs: number): boolean {
    const word = this.word();
    if ((word & stateBits) === closed) return true;
    if (!this.claimProbe(nowMs)) return false;
    if ((word & stateBits) === open) {
      this.set(cellField.answersOnEnd, 0);
      this.move(word, 'rested', levelOf(word));
    }
    return true;
  }

  answered(nowMs: number): void {
    const word = this.word();
    if (this.get(cellField.failuresOnEnd) !== 0) this.set(cellField.failuresOnEnd, 0);
    this.counts.good(nowMs);
    if ((word & stateBits) === closed) return;
    this.saidNothing();
    if ((word & stateBits) !== halfOpen) return;
    const { words, at } = this.cell;
    if (Atomics.add(words, at + cellField.answersOnEnd, 1) + 1 >= answersToClose) this.move(word, 'recovered', 0);
  }

  /**
   * `isLocal`: a failure of this one request's making, such as an error answer; only many on end speak against the door. `whose`: the mark of the
   * tenant whose own doing it may be. Of its failures one counts until one of another tenant's comes: alone it neither opens the breaker nor keeps it open.
   */
  failed(nowMs: number, isLocal: boolean, whose = ofTheDoor): void {
    const word = this.word();
    const { words, at } = this.cell;
    if (whose !== ofTheDoor && Atomics.exchange(words, at + cellField.lastFailed, whose) === whose) return this.saidNothing();
    const onEnd = Atomics.add(words, at + cellField.failuresOnEnd, 1) + 1;
    if (!isLocal) this.counts.bad(nowMs);
    if ((word & stateBits) === halfOpen) this.rest(nowMs, word, 'probe_failed', Math.min(levelOf(word) + 1, levelMax));
    else if ((word & stateBits) === closed && this.isTooMuch(onEnd, nowMs)) this.rest(nowMs, word, 'tripped', 0);
    if ((word & stateBits) !== closed) this.saidNothing();
  }

  /** The request ended without saying anything of the door. */
  saidNothing(): void {
    const { words, at, owner } = this.cell;
    if (this.get(cellField.probe) !== owner) return;
    Atomics.compareExchange(words, at + cellField.probe, owner, 0);
  }

  checkedWell(): void {
    const word = this.word();
    if ((word & stateBits) !== open) return;
    this.set(cellField.answersOnEnd, 0);
    this.move(word, 'checked_well', levelOf(word));
  }

  /** What was counted before the last closing, which may have been another worker's, counts no more. */
  private word(): number {
    const word = this.get(cellField.word);
    if (word >>> moveShift !== this.seenMove) {
      this.seenMove = word >>> moveShift;
      if ((word & stateBits) === closed) this.counts.clear();
    }
    return word;
  }

  private isTooMuch(onEnd: number, nowMs: number): boolean {
    if (onEnd >= failuresOnEndMax) return true;
    const { total, ratio } = this.counts.read(nowMs);
    return total >= attemptsMin && ratio >= failureRatioMax;
  }

  private rest(nowMs: number, word: number, event: BreakerEvent, level: number): void {
    const restMs = Math.min(restMsFirst * 2 ** level, restMsMax) * (1 + restJitter * this.random());
    // First: whoever sees it open must see for how long.
    this.set(cellField.restsUntilMs, Math.ceil(nowMs + restMs + this.cell.clockAheadMs) | 0);
    this.move(word, event, level);
  }

  /** From what was seen; nothing, where another worker has moved it since. */
  private move(word: number, event: BreakerEvent, level: number): void {
    const state = states.indexOf(nextState(breakerTable, states[word & stateBits]!, event));
    const next = (((word >>> moveShift) + 1) << moveShift) | (level << levelShift) | state;
    const { words, at } = this.cell;
    if (Atomics.compareExchange(words, at + cellField.word, word, next) === word && state === closed) this.set(cellField.failuresOnEnd, 0);
  }

  private isProbeFree(nowMs: number): boolean {
    return this.get(cellField.probe) === 0 || this.sinceMs(cellField.probeSinceMs, nowMs) >= probeMsMax;
  }

  private claimProbe(nowMs: number): boolean {
    const { words, at, owner } = this.cell;
    const before = this.get(cellField.probe);
    if (before !== 0 && this.sinceMs(cellField.probeSinceMs, nowMs) < probeMsMax) return false;
    // First, as above; two that claim at once write the same moment.
    this.set(cellField.probeSinceMs, cellMs(this.cell, nowMs));
    return Atomics.compareExchange(words, at + cellField.probe, before, owner) === before;
  }

  /** Negative while it has to rest. */
  private waitedMs(nowMs: number): number {
    return this.sinceMs(cellField.restsUntilMs, nowMs);
  }

  private sinceMs(field: number, nowMs: number): number {
    return sinceCellMs(this.cell, this.get(field), nowMs);
  }

  private get(field: number): number {
    return readCell(this.cell, field);
  }

  private set(field: number, value: number): void {
    Atomics.store(this.cell.words, this.cell.at + field, value);
  }
}
