/**
 * Entries looked at with each new one, to forget those that are idle. With two the round passes all n within n / 2 new ones: n stays below
 * twice the busy ones, without a timer and without a pause.
 */
export const stepsPerNew = 2;

/** So many are kept though they are idle, at some 100 bytes each, before any are forgotten: to make one anew costs more than to find it. */
export const idleKeptMax = 32_768;

/** Goes round the entries of a map, one at a time; those that come and go meanwhile don't disturb it. */
export class Round<Value> {
  private hand: MapIterator<[string, Value]>;

  constructor(private readonly entries: ReadonlyMap<string, Value>) {
    this.hand = entries.entries();
  }

  /** undefined: there is none. */
  next(): readonly [string, Value] | undefined {
    const next = this.hand.next();
    if (next.done !== true) return next.value;
    this.hand = this.entries.entries();
    return this.hand.next().value;
  }
}
