/** What places are counted of; a queue's are those of who waits. */
export type PlaceKind = 'stamp' | 'queue' | 'tenant' | 'door' | 'stamp_tunnels' | 'tenant_tunnels';

/** A bounded number of places, by whoever keeps them. */
export interface Place {
  /** Takes one, where fewer than `max` are taken; false: none was free. */
  enter(max: number): boolean;
  /** Gives back one that this worker took. */
  leave(): void;
  /** By all workers. */
  readonly taken: number;
  /** By this one. */
  readonly ours: number;
}

/** Of a process in which nobody else counts. */
export class OwnPlace implements Place {
  ours = 0;

  get taken(): number {
    return this.ours;
  }

  enter(max: number): boolean {
    if (this.ours >= max) return false;
    this.ours += 1;
    return true;
  }

  leave(): void {
    if (this.ours > 0) this.ours -= 1;
  }
}
