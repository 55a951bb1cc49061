import { clockAheadMs } from './common-clock.js';
import { hashOf } from './key-hash.js';
import { breakerCells, wordsPerCell, type PolicyMemory } from './policy-memory.js';

/** Fields of a cell, behind its key of two words. */
export const cellField = {
  /** State, how often it rested on end, and a number that grows with each move: breaker.ts. */
  word: 2,
  /** On the common clock. Written before the word says "open". */
  restsUntilMs: 3,
  /** 0, or the worker whose probe is under way, plus one. */
  probe: 4,
  probeSinceMs: 5,
  failuresOnEnd: 6,
  answersOnEnd: 7,
  /** Why it is passed over where there are others: bits of doors/door-health.ts; 0: it isn't. */
  out: 8,
  /** On the common clock. Written before `out` says that it is ejected. */
  ejectedUntilMs: 9,
  ejections: 10,
  /** When its health is to be looked at next; 0: nobody has been here. Whoever moves it on does that. */
  checkDueMs: 11,
  /** The mark of the tenant whose request failed last in a way that may be its own doing (doors/tenant-mark.ts); 0: nobody's. */
  lastFailed: 12,
} as const;

/** Where one front door's breaker and health, or a stamp's health, are kept: its own words, or those that all workers have of it. */
export interface BreakerCell {
  readonly words: Int32Array;
  readonly at: number;
  /** Others write to it meanwhile; what is one's own is read ten times as fast. */
  readonly isShared: boolean;
  /** This worker, as `probe` names it. */
  readonly owner: number;
  /** What performance.now() of this thread is behind the clock that all workers have. */
  readonly clockAheadMs: number;
}

export interface BreakerCells {
  /** `stamp` and `door` together are the key. */
  cell(stamp: string, door: string): BreakerCell;
  /** Of a stamp's health: other fields, those of bulkhead/stamp-health.ts. */
  ofStamp(stamp: string): BreakerCell;
}

export class OwnCells implements BreakerCells {
  cell(): BreakerCell {
    return { words: new Int32Array(wordsPerCell), at: 0, isShared: false, owner: 1, clockAheadMs: 0 };
  }

  ofStamp(): BreakerCell {
    return this.cell();
  }
}

/** Not among the kinds of places. */
const kindOfBreakers = 5;
const kindOfStamps = 6;
const bytesPerKey = BigInt64Array.BYTES_PER_ELEMENT;
const keyEvery = (wordsPerCell * Int32Array.BYTES_PER_ELEMENT) / bytesPerKey;
/** Times are kept in 32 bits that wrap after weeks; differences are far smaller. */
export const cellMs = (cell: BreakerCell, nowMs: number): number => Math.floor(nowMs + cell.clockAheadMs) | 0;
export const sinceCellMs = (cell: BreakerCell, atMs: number, nowMs: number): number => (cellMs(cell, nowMs) - atMs) | 0;
export const readCell = ({ words, at, isShared }: BreakerCell, field: number): number =>
  isShared ? Atomics.load(words, at + field) : words[at + field]!;

/** Cells by key in memory that workers share; whoever comes first claims one, and it stays that door's while the process lives. */
export class SharedCells implements BreakerCells {
  private readonly words: Int32Array;
  private readonly keys: BigInt64Array;
  private readonly own = new OwnCells();
  private readonly clockAheadMs = clockAheadMs();

  constructor(
    private readonly memory: PolicyMemory,
    private readonly worker: number,
  ) {
    this.words = new Int32Array(memory.breakers);
    this.keys = new BigInt64Array(memory.breakers);
  }

  cell(stamp: string, door: string): BreakerCell {
    return this.find(kindOfBreakers, `${stamp} ${door}`);
  }

  ofStamp(stamp: string): BreakerCell {
    return this.find(kindOfStamps, stamp);
  }

  private find(kind: number, name: string): BreakerCell {
    const hash = hashOf(this.memory, kind, name);
    if (!hash) return this.own.cell();
    const key = (BigInt(hash.high) << 32n) | BigInt(hash.low >>> 0);
    for (let i = 0; i < breakerCells; i += 1) {
      const slot = ((hash.low >>> 0) + i) % breakerCells;
      const found = Atomics.compareExchange(this.keys, slot * keyEvery, 0n, key);
      if (found === 0n || found === key)
        return { words: this.words, at: slot * wordsPerCell, isShared: true, owner: this.worker + 1, clockAheadMs: this.clockAheadMs };
    }
    return this.own.cell();
  }
}

/** A worker is gone: whatever it was finding out, somebody else may (L3). */
export const freeProbesOf = ({ breakers }: PolicyMemory, worker: number): void => {
  const words = new Int32Array(breakers);
  for (let at = 0; at < words.length; at += wordsPerCell) Atomics.compareExchange(words, at + cellField.probe, worker + 1, 0);
};
