import { randomFillSync } from 'node:crypto';
import { AppError } from '@lapidary/kernel/app-error';
import { header, heapStart } from './layout.js';
import { readWord, writeWord } from './word-access.js';

/** 26 bits of reference in words of 4 bytes; some 4 million tenants. Only what is used is taken from the system. */
export const heapWordsMax = 2 ** 26;
/** Kept free at the end, so that a view that has the first word of a record has all that is read of it without asking. */
export const slackWords = 128;
/** A step is a small system call; larger ones would only be memory held in reserve. */
const growWords = 2 ** 18;
/** A writer is within a change for about a microsecond: only one that lost its core takes longer, and then waiting is cheaper. */
const spinsMax = 200;
const waitMs = 1;

/** Bound once: within a vm context, as tests run in, each look-up of a global is a call. */
const { load, store, wait } = Atomics;

/**
 * The memory that one writer and any number of readers in other threads share: a growable SharedArrayBuffer, handed out
 * from the bottom. Sequences and counts are read and written by Atomics and order all else, which goes the way that the
 * processor allows (word-access.ts).
 */
export class SharedHeap {
  words: Int32Array;
  /** By length in words: blocks given back, for the writer to use again. */
  private readonly spare = new Map<number, number[]>();

  private constructor(
    readonly buffer: SharedArrayBuffer,
    readonly key0: number,
    readonly key1: number,
  ) {
    this.words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
  }

  static create(): SharedHeap {
    const buffer = new SharedArrayBuffer((heapStart + growWords) * 4, { maxByteLength: heapWordsMax * 4 });
    const key = randomFillSync(new Int32Array(2));
    const heap = new SharedHeap(buffer, key[0]!, key[1]!);
    heap.set(header.key0, key[0]!);
    heap.set(header.key1, key[1]!);
    heap.set(header.top, heapStart);
    return heap;
  }

  /** A reader's view of what a writer made, in this thread or another. */
  static of(buffer: SharedArrayBuffer): SharedHeap {
    const words = new Int32Array(buffer, 0, heapStart);
    return new SharedHeap(buffer, load(words, header.key0), load(words, header.key1));
  }

  /** A reader in the middle of a change may look anywhere, also before the beginning: what is outside reads as 0. */
  at(index: number): number {
    return index >= 0 && index < this.words.length ? readWord(this.words, index) : this.late(index);
  }

  /** A sequence or a count: what is read before and after it is, for the compiler and the processor alike. */
  ordered(index: number): number {
    return index >= 0 && index < this.words.length ? load(this.words, index) : this.late(index);
  }

  /** For loops over words from `first`: the memory, if at least `slackWords` are there; null where a reader was led astray. */
  view(first: number): Int32Array | null {
    if (first < 0) return null;
    if (first + slackWords <= this.words.length) return this.words;
    this.late(first);
    return first + slackWords <= this.words.length ? this.words : null;
  }

  set(index: number, word: number): void {
    writeWord(this.words, index, word);
  }

  setOrdered(index: number, word: number): void {
    store(this.words, index, word);
  }

  /** Many words at once, which nobody reads yet. */
  fill(word: number, from: number, to: number): void {
    this.words.fill(word, from, to);
  }

  /** An unsigned number of up to 53 bits in two words; only under a sequence are they sure to belong together. */
  pair(low: number, high: number): number {
    return (this.at(high) >>> 0) * 2 ** 32 + (this.at(low) >>> 0);
  }

  setPair(low: number, high: number, value: number): void {
    this.set(high, Math.floor(value / 2 ** 32));
    this.set(low, value | 0);
  }

  /** What `read` says while no writer was within what the sequence guards. `read` may see rubbish, and must bear it. */
  guarded<T>(sequenceAt: number, read: () => T): T {
    for (let tries = 0; ; tries += 1) {
      const sequence = this.ordered(sequenceAt);
      if ((sequence & 1) === 0) {
        const result = read();
        if (this.ordered(sequenceAt) === sequence) return result;
      }
      this.pause(sequenceAt, sequence, tries);
    }
  }

  /** The writer enters and leaves what the sequence guards; nothing in between may throw, or readers wait for good. */
  turn(sequenceAt: number): void {
    this.setOrdered(sequenceAt, (this.at(sequenceAt) + 1) | 0);
  }

  get bytesUsed(): number {
    return this.at(header.top) * 4;
  }

  /** Zeroed where it was never handed out before. */
  allocate(words: number): number {
    const again = this.spare.get(words)?.pop();
    if (again !== undefined) return again;
    const block = this.at(header.top);
    const top = block + words;
    if (top + slackWords > this.words.length) this.grow(top + slackWords);
    this.set(header.top, top);
    return block;
  }

  /** Only what no reader can reach by a sequence number that still stands. */
  free(block: number, words: number): void {
    const list = this.spare.get(words);
    if (list) list.push(block);
    else this.spare.set(words, [block]);
  }

  /** Called by a reader that met a change: `tries` counts up. */
  pause(sequenceAt: number, seen: number, tries: number): void {
    if (tries > spinsMax) wait(this.words, sequenceAt, seen, waitMs);
  }

  private grow(top: number): void {
    if (top > heapWordsMax) throw new AppError('internal', 'The directory is full', { internal: `${top} words` });
    this.buffer.grow(Math.min(heapWordsMax, Math.ceil(top / growWords) * growWords) * 4);
    this.words = new Int32Array(this.buffer, 0, this.buffer.byteLength >>> 2);
  }

  private late(index: number): number {
    const length = this.buffer.byteLength >>> 2;
    if (length > this.words.length) this.words = new Int32Array(this.buffer, 0, length);
    return index >= 0 && index < this.words.length ? load(this.words, index) : 0;
  }
}
