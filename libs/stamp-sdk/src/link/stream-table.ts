import type { LinkStream } from './link-stream.js';

/** Twice the streams that a link takes by default: those under way have ids close to each other. */
const placeCount = 1024;

/**
 * The streams under way on one link, by id. Ids count up by ones, so that nearly every stream finds the place of its lowest bits free, which is one
 * look instead of a hash and an entry for each frame; one that outlives a thousand others shares its place, by a map.
 */
export class StreamTable {
  private readonly places: (LinkStream | null)[] = Array.from({ length: placeCount }, () => null);
  private readonly others = new Map<number, LinkStream>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(id: number): LinkStream | undefined {
    const stream = this.places[id & (placeCount - 1)]!;
    if (stream !== null && stream.id === id) return stream;
    return this.others.size === 0 ? undefined : this.others.get(id);
  }

  /** Its id is not in the table. */
  add(stream: LinkStream): void {
    const place = stream.id & (placeCount - 1);
    if (this.places[place] === null) this.places[place] = stream;
    else this.others.set(stream.id, stream);
    this.count += 1;
  }

  /** Does nothing where it isn't in the table. */
  delete(stream: LinkStream): void {
    const place = stream.id & (placeCount - 1);
    if (this.places[place] === stream) this.places[place] = null;
    else if (!this.others.delete(stream.id)) return;
    this.count -= 1;
  }

  /** All of them, in no order. */
  list(): LinkStream[] {
    return [...this.places.filter((stream) => stream !== null), ...this.others.values()];
  }

  clear(): void {
    this.places.fill(null);
    this.others.clear();
    this.count = 0;
  }
}
