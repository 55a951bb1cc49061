interface UnderWay {
  readonly done: Promise<void>;
  /** For all who came since it began, and may want what is newer than it finds. */
  next: Promise<void> | null;
}

/** Questions that many have at once: of each key one is under way, and at most one more waits behind it, for all who have come meanwhile. */
export class SharedAsks {
  private readonly underWay = new Map<string, UnderWay>();

  /** `act` never rejects. */
  constructor(private readonly act: (key: string) => Promise<void>) {}

  /** Resolves with the end of an act that began later than this. */
  ask(key: string): Promise<void> {
    const known = this.underWay.get(key);
    return known ? (known.next ??= known.done.then(() => this.begin(key))) : this.begin(key);
  }

  private begin(key: string): Promise<void> {
    const begun: UnderWay = {
      done: this.act(key).then(() => {
        if (this.underWay.get(key) === begun) this.underWay.delete(key);
      }),
      next: null,
    };
    this.underWay.set(key, begun);
    return begun.done;
  }
}
