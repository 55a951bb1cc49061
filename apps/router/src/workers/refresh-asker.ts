/** The main thread asks NATS within this; a request that waits for it goes on by what is known. */
const refreshMsMax = 3_000;

/** A worker's side of asking the main thread for a tenant's newest entry. It has it when the main thread has: they read the same memory. */
export class RefreshAsker {
  private readonly waiting = new Map<number, () => void>();
  private asked = 0;

  constructor(private readonly send: (id: number, tenant: string) => void) {}

  ask(tenant: string): Promise<void> {
    return new Promise((resolve) => {
      const id = (this.asked += 1);
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve();
      };
      const timer = setTimeout(done, refreshMsMax);
      this.waiting.set(id, done);
      this.send(id, tenant);
    });
  }

  answered(id: number): void {
    this.waiting.get(id)?.();
  }
}
