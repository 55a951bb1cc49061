/**
 * How long an opened data key stays in memory. The planner lives as long as its control plane and reads every stack again and
 * again: without this each look would be a call to KMS. Whoever withdraws the right to use the key has it withdrawn
 * everywhere after this time at the latest.
 */
const dataKeyLifeMs = 5 * 60_000;
/** More stacks than any fleet's region has; beyond it the key that was opened first is forgotten. */
const keysMax = 512;

interface Held {
  readonly key: Promise<Buffer>;
  readonly until: number;
}

/** Opened data keys by their sealed form. Several that ask for one at the same time share the call. */
export class DataKeyCache {
  private readonly held = new Map<string, Held>();

  constructor(
    private readonly lifeMs = dataKeyLifeMs,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get(id: string, open: () => Promise<Buffer>): Promise<Buffer> {
    this.forgetOld();
    const held = this.held.get(id);
    if (held !== undefined) return held.key;
    const key = open();
    this.keep(id, key);
    // What failed is asked again by whoever comes next.
    key.catch(() => this.held.delete(id));
    return key;
  }

  put(id: string, key: Buffer): void {
    this.keep(id, Promise.resolve(key));
  }

  get size(): number {
    return this.held.size;
  }

  private keep(id: string, key: Promise<Buffer>): void {
    this.forgetOld();
    this.held.delete(id);
    this.held.set(id, { key, until: this.nowMs() + this.lifeMs });
    const [oldest] = this.held.keys();
    if (this.held.size > keysMax && oldest !== undefined) this.held.delete(oldest);
  }

  private forgetOld(): void {
    const now = this.nowMs();
    // In the order they were kept, so the first that is still good ends the search.
    for (const [id, { until }] of this.held) {
      if (until > now) return;
      this.held.delete(id);
    }
  }
}
