import { DirectoryEntrySchema, type DirectoryEntry, type StampRoute } from '@lapidary/contracts/directory';
import { entryHashWords } from '@lapidary/contracts/directory-digest';
import { stampSequencesAt, stampsAt } from './layout.js';
import type { Names } from './names.js';
import { add64, zero, type Pair } from './pair.js';
import type { SharedHeap } from './shared-heap.js';

export interface HeldEntry {
  readonly entry: DirectoryEntry;
  /** When this router learned of it; 0 where it came with a whole directory. */
  readonly appliedAtMs: number;
}

interface Cached {
  readonly sequence: number;
  readonly held: HeldEntry;
}

/**
 * Stamps beside the tenants: a few thousand, so each is its entry as JSON, by the number of its name, and every thread keeps
 * what it has parsed for as long as the stamp's sequence stands.
 */
export class StampTable {
  private readonly cached: (Cached | undefined)[] = [];

  constructor(
    private readonly heap: SharedHeap,
    private readonly names: Names,
  ) {}

  route(name: string): StampRoute | undefined {
    const body = this.held(name)?.entry.body;
    return body?.kind === 'stamp' ? body : undefined;
  }

  held(name: string): HeldEntry | undefined {
    const number = this.names.find(name);
    return number === 0 ? undefined : this.byNumber(number);
  }

  /** For the writer; the number of the stamp's name must be there. */
  put(number: number, held: HeldEntry): void {
    const { heap } = this;
    const bytes = Buffer.from(JSON.stringify(held), 'utf8');
    const before = heap.at(stampsAt + number);
    const block = heap.allocate(wordsFor(bytes.length));
    heap.set(block, bytes.length);
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
    bytes.copy(padded);
    for (let i = 0; i < padded.length; i += 4) heap.set(block + 1 + i / 4, padded.readInt32LE(i));
    heap.turn(stampSequencesAt + number);
    heap.set(stampsAt + number, block);
    heap.turn(stampSequencesAt + number);
    if (before !== 0) heap.free(before, wordsFor(heap.at(before)));
  }

  all(): HeldEntry[] {
    const found: HeldEntry[] = [];
    for (let number = 1; number <= this.names.count; number += 1) {
      const held = this.byNumber(number);
      if (held) found.push(held);
    }
    return found;
  }

  /** Recomputed from what is held, for the audit. */
  root(): Pair {
    return this.all().reduce((sum, { entry }) => add64(sum, entryHashWords(entry.key, entry.cursor)), zero);
  }

  private byNumber(number: number): HeldEntry | undefined {
    const { heap } = this;
    const known = this.cached[number];
    if (known && known.sequence === heap.ordered(stampSequencesAt + number)) return known.held;
    const read = heap.guarded(stampSequencesAt + number, () => {
      const block = heap.at(stampsAt + number);
      return block === 0 ? undefined : { sequence: heap.at(stampSequencesAt + number), text: this.text(block) };
    });
    if (!read) return undefined;
    const held = parseHeld(read.text);
    this.cached[number] = { sequence: read.sequence, held };
    return held;
  }

  private text(block: number): string {
    const length = Math.min(this.heap.at(block) >>> 0, textBytesMax);
    const bytes = Buffer.alloc(Math.ceil(length / 4) * 4);
    for (let i = 0; i < length; i += 4) bytes.writeInt32LE(this.heap.at(block + 1 + i / 4), i);
    return bytes.toString('utf8', 0, length);
  }
}

/** An entry came in one message, and messages have at most this; a reader within a change may find any number. */
const textBytesMax = 2 ** 20;

const wordsFor = (bytes: number): number => 1 + Math.ceil(bytes / 4);

const parseHeld = (text: string): HeldEntry => {
  const { entry, appliedAtMs } = JSON.parse(text) as HeldEntry;
  return { entry: DirectoryEntrySchema.parse(entry), appliedAtMs };
};
