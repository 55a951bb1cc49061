import { AppError } from '@lapidary/kernel/app-error';
import type { NameList } from './name-list.js';
import type { SharedHeap } from './shared-heap.js';

/**
 * Names of stamps or of regions, each kept once and numbered from 1; 0 is none. A name is written before the count says so
 * and never changes, so a reader that knows a number may keep its text for good.
 */
export class Names {
  private readonly texts: string[] = [''];
  private readonly numbers = new Map<string, number>();

  constructor(
    private readonly heap: SharedHeap,
    private readonly list: NameList,
  ) {}

  /** The number of a name, made if need be. For the writer. */
  number(text: string): number {
    const known = this.find(text);
    if (known !== 0) return known;
    const number = this.heap.at(this.list.countAt) + 1;
    if (number >= this.list.max) throw new AppError('internal', 'The directory holds too many names', { internal: text });
    const bytes = Buffer.from(text, 'utf8');
    const block = this.heap.allocate(1 + Math.ceil(bytes.length / 4));
    this.heap.set(block, bytes.length);
    for (let i = 0; i < bytes.length; i += 4)
      this.heap.set(
        block + 1 + i / 4,
        (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24),
      );
    this.heap.set(this.list.textsAt + number, block);
    this.heap.setOrdered(this.list.countAt, number);
    return number;
  }

  /** The number of a name; 0 where nobody has written it yet. */
  find(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.learn();
    return this.numbers.get(text) ?? 0;
  }

  /** The text of a number; "" for what can't be one, as a reader within a change may ask for. */
  text(number: number): string {
    const known = this.texts[number];
    if (known !== undefined) return known;
    this.learn();
    return this.texts[number] ?? '';
  }

  /** A whole list as it was elsewhere, into an empty one. */
  take(names: readonly string[]): void {
    for (const name of names) this.number(name);
  }

  all(): string[] {
    this.learn();
    return this.texts.slice(1);
  }

  get count(): number {
    return this.heap.at(this.list.countAt);
  }

  private learn(): void {
    for (let number = this.texts.length; number <= this.heap.ordered(this.list.countAt); number += 1) {
      const block = this.heap.at(this.list.textsAt + number);
      const bytes = Buffer.alloc(Math.ceil(this.heap.at(block) / 4) * 4);
      for (let i = 0; i < bytes.length; i += 4) bytes.writeInt32LE(this.heap.at(block + 1 + i / 4), i);
      const text = bytes.toString('utf8', 0, this.heap.at(block));
      this.texts.push(text);
      this.numbers.set(text, number);
    }
  }
}
