import { AppError } from '@lapidary/kernel/app-error';
import type { KeyWords } from './key-words.js';
import { directoryBits, segment, segmentFullAt, slotsPerSegment } from './layout.js';
import type { SharedHeap } from './shared-heap.js';
import { readWord } from './word-access.js';

/** A slot is a reference and 6 bits of the hash, which spare most comparisons with other keys. 0 is empty. */
const tagBits = 6;
const tagMask = 2 ** tagBits - 1;
const slotMask = slotsPerSegment - 1;
const segmentWords = segment.slots + slotsPerSegment;
/** Segments to begin with where the number of keys is known: filled to half, so that none is split while they come. */
const fillAtStart = 0.5;

const tagOf = (hash: number): number => (hash >>> 10) & tagMask;
const slotOf = (ref: number, hash: number): number => (ref << tagBits) | tagOf(hash);
/** Whether a key goes to the new half when a segment gets that depth. */
const goes = (hash: number, depth: number): boolean => ((hash >>> (32 - depth)) & 1) === 1;
export const refOf = (slot: number): number => slot >>> tagBits;

/**
 * Extendible hashing: the upper 16 bits of a key's hash choose a segment by a directory, the lower ones a place in it. A
 * segment that is full is split in two, a matter of a fraction of a millisecond, so that the table grows without ever being
 * copied as a whole.
 *
 * One writer. A reader in any thread takes the segment's sequence, makes sure that the directory still names that segment,
 * reads, and takes the sequence again:
 * - odd, or changed: it reads again, so nobody sees half a change;
 * - a split turns the old segment's sequence before the directory changes, so nobody misses a key that has just gone elsewhere;
 * - memory is given back only behind the turn of a sequence that every reader of it holds, so nobody reads another key's entry.
 */
export abstract class ExtendibleIndex {
  constructor(
    protected readonly heap: SharedHeap,
    private readonly directoryAt: number,
  ) {}

  protected abstract matches(ref: number, key: KeyWords): boolean;
  /** Hash of the key that a reference stands for. */
  protected abstract hashAt(ref: number): number;
  /** Called behind a split, for what is kept per segment. */
  protected abstract hasMoved(ref: number, from: number, to: number): void;

  /** Makes the first segments. Only on empty memory. */
  prepare(keysExpected: number): void {
    const wanted = Math.ceil(Math.log2(Math.max(1, keysExpected / (slotsPerSegment * fillAtStart))));
    const depth = Math.min(directoryBits, wanted);
    const size = 2 ** (directoryBits - depth);
    for (let i = 0; i < 2 ** depth; i += 1)
      this.heap.fill(this.makeSegment(depth), this.directoryAt + i * size, this.directoryAt + (i + 1) * size);
  }

  /** What `decode` makes of the key's entry, or undefined where there is none. `decode` may see rubbish, and must bear it. */
  read<T>(key: KeyWords, decode: (ref: number) => T): T | undefined {
    const { heap } = this;
    const hash = key.hash(heap.key0, heap.key1);
    const at = this.directoryAt + (hash >>> directoryBits);
    for (let tries = 0; ; tries += 1) {
      const from = heap.at(at);
      const sequence = heap.ordered(from + segment.sequence);
      if ((sequence & 1) === 0 && heap.at(at) === from) {
        const ref = this.probe(from, hash, key);
        const result = ref === 0 ? undefined : decode(ref);
        if (heap.ordered(from + segment.sequence) === sequence) return result;
      }
      heap.pause(from + segment.sequence, sequence, tries);
    }
  }

  /** For the writer: the key's entry, 0 where there is none. */
  find(key: KeyWords, hash: number): number {
    return this.probe(this.segmentOf(hash), hash, key);
  }

  segmentOf(hash: number): number {
    return this.heap.at(this.directoryAt + (hash >>> directoryBits));
  }

  /** For the writer, before the turn: where a key that is there has its reference. */
  placeOf(from: number, hash: number, ref: number): number {
    const wanted = slotOf(ref, hash);
    for (let slot = hash & slotMask, looked = 0; looked < slotsPerSegment; slot = (slot + 1) & slotMask, looked += 1)
      if (this.heap.at(from + segment.slots + slot) === wanted) return from + segment.slots + slot;
    throw new AppError('internal', 'The directory has lost a key', { internal: `reference ${ref}` });
  }

  /** For the writer, within a turn of the segment: another reference for the key at that place. */
  replace(place: number, hash: number, after: number): void {
    this.heap.set(place, slotOf(after, hash));
  }

  /** For the writer, before the turn: the segment that takes one more key. */
  roomFor(hash: number): number {
    for (;;) {
      const from = this.segmentOf(hash);
      if (this.heap.at(from + segment.count) < segmentFullAt) return from;
      this.split(from, hash);
    }
  }

  /** For the writer, within a turn of the segment that `roomFor` gave. */
  insert(from: number, hash: number, ref: number): void {
    const { heap } = this;
    let slot = hash & slotMask;
    while (heap.at(from + segment.slots + slot) !== 0) slot = (slot + 1) & slotMask;
    heap.set(from + segment.slots + slot, slotOf(ref, hash));
    heap.set(from + segment.count, heap.at(from + segment.count) + 1);
  }

  /** For the writer, within a turn: those behind move up, so that no look-up ends at the gap. */
  remove(from: number, place: number): void {
    const { heap } = this;
    const slots = from + segment.slots;
    let gap = place - slots;
    for (let next = (gap + 1) & slotMask; ; next = (next + 1) & slotMask) {
      const slot = heap.at(slots + next);
      if (slot === 0) break;
      const home = this.hashAt(refOf(slot)) & slotMask;
      // It may move up unless its home lies behind the gap.
      if (((next - home) & slotMask) < ((next - gap) & slotMask)) continue;
      heap.set(slots + gap, slot);
      gap = next;
    }
    heap.set(slots + gap, 0);
    heap.set(from + segment.count, heap.at(from + segment.count) - 1);
  }

  /** Each segment once, with the first hash (upper half) that it takes. */
  *segments(): Generator<{ readonly at: number; readonly prefix: number }> {
    for (let prefix = 0; prefix < 2 ** directoryBits;) {
      const at = this.heap.at(this.directoryAt + prefix);
      yield { at, prefix };
      prefix += 2 ** (directoryBits - this.heap.at(at + segment.depth));
    }
  }

  /** The references of a segment as of now. */
  refsIn(from: number): number[] {
    const refs: number[] = [];
    for (let slot = 0; slot < slotsPerSegment; slot += 1) {
      const word = this.heap.at(from + segment.slots + slot);
      if (word !== 0) refs.push(refOf(word));
    }
    return refs;
  }

  private probe(from: number, hash: number, key: KeyWords): number {
    const words = from < 0 ? null : this.heap.view(from + slotsPerSegment);
    if (!words) return 0;
    const slots = from + segment.slots;
    const tag = tagOf(hash);
    let slot = hash & slotMask;
    // Bounded, for a reader within a change may meet a segment without an end.
    for (let looked = 0; looked < slotsPerSegment; looked += 1) {
      const word = readWord(words, slots + slot);
      if (word === 0) return 0;
      if ((word & tagMask) === tag && this.matches(word >>> tagBits, key)) return word >>> tagBits;
      slot = (slot + 1) & slotMask;
    }
    return 0;
  }

  /** Segments are never given back, so a new one is empty. */
  private makeSegment(depth: number): number {
    const made = this.heap.allocate(segmentWords);
    this.heap.set(made + segment.depth, depth);
    return made;
  }

  private split(from: number, hash: number): void {
    const { heap } = this;
    const depth = heap.at(from + segment.depth) + 1;
    if (depth > directoryBits) throw new AppError('internal', 'The directory is full', { internal: 'a segment can be split no further' });
    const to = this.makeSegment(depth);
    const all = this.refsIn(from).map((ref) => [ref, this.hashAt(ref)] as const);
    heap.turn(from + segment.sequence);
    for (let slot = 0; slot < slotsPerSegment; slot += 1) heap.set(from + segment.slots + slot, 0);
    heap.set(from + segment.count, 0);
    heap.set(from + segment.depth, depth);
    for (const [ref, of] of all) this.insert(goes(of, depth) ? to : from, of, ref);
    const size = 2 ** (directoryBits - depth);
    const upper = this.directoryAt + ((hash >>> (32 - depth)) | 1) * size;
    for (let i = 0; i < size; i += 1) heap.set(upper + i, to);
    heap.turn(from + segment.sequence);
    for (const [ref, of] of all) if (goes(of, depth)) this.hasMoved(ref, from, to);
  }
}
