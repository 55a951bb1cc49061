/** Key → events whose effect is in what is known of it. */
export type Effects = Map<string, ReadonlySet<string>>;

/**
 * Which events have an effect where: told beside the regions and never to them, so that after a restore it is known which writes
 * somebody still has. What tells all of a document carries everything that its teller had.
 */
export class Carried {
  private readonly by = new Map<string, ReadonlySet<string>>();
  /** Event → what its teller knew of the key, itself included. */
  private readonly past = new Map<string, ReadonlySet<string>>();

  /** A region has told an event of a key. */
  told(effects: Effects, key: string, event: string, isWhole: boolean): void {
    const known = new Set([...(effects.get(key) ?? []), event]);
    effects.set(key, known);
    this.past.set(event, known);
    this.by.set(event, isWhole ? known : new Set([event]));
  }

  /** Whether something that an event stands on is gone with the databases that had it: Automerge shows no change before what it follows. */
  hangs(event: string, kept: ReadonlySet<string>): boolean {
    return [...(this.past.get(event) ?? [])].some((before) => !kept.has(before));
  }

  /** A region has merged it. */
  merged(effects: Effects, key: string, event: string): void {
    this.join(effects, key, this.by.get(event) ?? new Set());
  }

  /** A region has merged all that another one has of a key. */
  join(effects: Effects, key: string, theirs: ReadonlySet<string>): void {
    effects.set(key, new Set([...(effects.get(key) ?? []), ...theirs]));
  }
}
