import type { LiveEvent } from '@lapidary/contracts/api/system';

/** Some minutes of a busy fleet; a console that was away for longer reads everything again anyhow. */
export const ringSizeMax = 5_000;

/** The newest events, for consoles that come back with the id of the last one they saw. */
export class LiveRing {
  private readonly events: LiveEvent[] = [];
  private readonly indexById = new Map<string, number>();
  /** Index of events[0] since the beginning. */
  private first = 0;

  constructor(private readonly sizeMax: number = ringSizeMax) {}

  /** False where it is there already: a relay that repeats events tells of them again. */
  push(event: LiveEvent): boolean {
    if (this.indexById.has(event.id)) return false;
    this.indexById.set(event.id, this.first + this.events.length);
    this.events.push(event);
    if (this.events.length > this.sizeMax) this.drop(this.events.length - this.sizeMax);
    return true;
  }

  /** What came after an event; null where that event is not known (any more). */
  after(id: string): readonly LiveEvent[] | null {
    const index = this.indexById.get(id);
    return index === undefined ? null : this.events.slice(index - this.first + 1);
  }

  clear(): void {
    this.drop(this.events.length);
  }

  private drop(count: number): void {
    for (const event of this.events.splice(0, count)) this.indexById.delete(event.id);
    this.first += count;
  }
}
