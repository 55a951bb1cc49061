import { domainToASCII } from 'node:url';
import { ExtendibleIndex } from './extendible-index.js';
import { KeyWords } from './key-words.js';
import { hostDirectoryAt } from './layout.js';
import type { SharedHeap } from './shared-heap.js';

/**
 * A host's record: length of the name as given, length of the name as looked up, the word of the tenant's record that
 * claims it; then both names, the one as given only where it differs.
 */
const ownerAt = 1;
const textAt = 2;
const lengthMask = 0xff;
const differs = 1 << 16;

/** A claimed name as Host fields and questions of DNS say it: lower case, without the final dot, and not in letters that they can't hold (RFC 5891). "": they never do. */
const askedName = (name: string): string => {
  const whole = name.endsWith('.') ? name.slice(0, -1) : name;
  return beyondAscii.test(whole) ? domainToASCII(whole) : whole.toLowerCase();
};
const beyondAscii = /[^\x00-\x7f]/;

/** Which claim of a host name counts. A reference is a host record; each belongs to one tenant's list. */
export class HostIndex extends ExtendibleIndex {
  private readonly keyOfSlot = new KeyWords();
  private readonly given = new KeyWords();
  private readonly bytes = Buffer.alloc(256);

  constructor(heap: SharedHeap) {
    super(heap, hostDirectoryAt);
  }

  /** Makes a record of a name, or 0 where no Host field can hold it: it could never be asked for. */
  make(name: string, owner: number): number {
    const { keyOfSlot, given, heap } = this;
    const asked = askedName(name);
    if (asked === '' || !keyOfSlot.setText(asked) || !given.setText(name)) return 0;
    const same = asked === name;
    const block = heap.allocate(textAt + keyOfSlot.wordLength + (same ? 0 : given.wordLength));
    heap.set(block, keyOfSlot.byteLength | (given.byteLength << 8) | (same ? 0 : differs));
    heap.set(block + ownerAt, owner);
    for (let i = 0; i < keyOfSlot.wordLength; i += 1) heap.set(block + textAt + i, keyOfSlot.words[i]!);
    if (!same) for (let i = 0; i < given.wordLength; i += 1) heap.set(block + textAt + keyOfSlot.wordLength + i, given.words[i]!);
    return block;
  }

  release(ref: number): void {
    this.heap.free(ref, this.wordsOf(ref));
  }

  owner(ref: number): number {
    return this.heap.at(ref + ownerAt);
  }

  setOwner(ref: number, owner: number): void {
    this.heap.set(ref + ownerAt, owner);
  }

  /** The name as the tenant's entry gave it. */
  name(ref: number): string {
    const head = this.heap.at(ref);
    const skipped = (head & differs) === 0 ? 0 : ((head & lengthMask) + 3) >>> 2;
    const length = (head >>> 8) & lengthMask;
    for (let i = 0; i < length; i += 4) this.bytes.writeInt32LE(this.heap.at(ref + textAt + skipped + i / 4), i);
    return this.bytes.toString('utf8', 0, length);
  }

  /** The name as it is looked up. */
  keyAt(ref: number, into: KeyWords): KeyWords {
    into.byteLength = this.heap.at(ref) & lengthMask;
    for (let i = 0; i < into.wordLength; i += 1) into.words[i] = this.heap.at(ref + textAt + i);
    return into;
  }

  hashAt(ref: number): number {
    return this.keyAt(ref, this.given).hash(this.heap.key0, this.heap.key1);
  }

  protected matches(ref: number, key: KeyWords): boolean {
    if ((this.heap.at(ref) & lengthMask) !== key.byteLength) return false;
    for (let i = 0; i < key.wordLength; i += 1) if (this.heap.at(ref + textAt + i) !== key.words[i]) return false;
    return true;
  }

  protected hasMoved(): void {
    // Nothing is kept per segment of hosts.
  }

  private wordsOf(ref: number): number {
    const head = this.heap.at(ref);
    const given = (head & differs) === 0 ? 0 : (((head >>> 8) & lengthMask) + 3) >>> 2;
    return textAt + (((head & lengthMask) + 3) >>> 2) + given;
  }
}
