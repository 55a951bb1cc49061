import type { LiveEvent } from '@lapidary/contracts/api/system';

/** Some minutes of a busy fleet; a console that was away for longer reads everything again anyhow. */
export const ringSizeMax = 5_000;

/** The newest events, for consoles that come back with the id of the last one they saw. */
export class LiveRing {
  /** The event of an index is at its remainder: nothing moves when the oldest goes, which is with each that comes once this is full. */
  private readonly slots: LiveEvent[] = [];
  private readonly indexById = new Map<string, number>();
  /** Index of the oldest, since the beginning. */
  private first = 0;
  private next = 0;

  constructor(private readonly sizeMax: number = ringSizeMax) {}

  /** False where it is there already: a relay that repeats events tells of them again. */
  push(event: LiveEvent): boolean {
    if (this.indexById.has(event.id)) return false;
    if (this.next - this.first === this.sizeMax) this.indexById.delete(this.at(this.first++).id);
    this.slots[this.next % this.sizeMax] = event;
    this.indexById.set(event.id, this.next++);
    return true;
  }

  /** What came after an event; null where that event is not known (any more). */
  after(id: string): readonly LiveEvent[] | null {
    const index = this.indexById.get(id);
    return index === undefined ? null : Array.from({ length: this.next - index - 1 }, (_, i) => this.at(index + 1 + i));
  }

  clear(): void {
    this.indexById.clear();
    this.slots.length = 0;
    this.first = 0;
    this.next = 0;
  }

  private at(index: number): LiveEvent {
    return this.slots[index % this.sizeMax]!;
  }
}
