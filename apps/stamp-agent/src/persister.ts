/**
 * Runs one write at a time, and at most one more for all who asked meanwhile. `save()` resolves when a write that began
 * after the call is done, so the caller's change is in it.
 */
export class Persister {
  private running: Promise<void> | null = null;
  private queued: Promise<void> | null = null;

  constructor(private readonly write: () => Promise<void>) {}

  save(): Promise<void> {
    if (this.running === null) return this.start();
    this.queued ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.queued = null;
        return this.start();
      });
    return this.queued;
  }

  private start(): Promise<void> {
    const run = this.write().finally(() => {
      if (this.running === run) this.running = null;
    });
    this.running = run;
    return run;
  }
}
