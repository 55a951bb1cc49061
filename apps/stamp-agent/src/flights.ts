/**
 * Requests and tunnels in flight, by tenant. A drop means more than "no new requests": what passed the fence before it is
 * given a moment to end, then cut, so that an acknowledged drop means that nobody writes for the tenant through us any more.
 */
export class Flights {
  private readonly byTenant = new Map<string, Set<() => void>>();
  private readonly idleCallbacks = new Set<() => void>();
  private total = 0;

  get inFlight(): number {
    return this.total;
  }

  /** Notes a flight; `cut` ends it by force. Returns what must be called at its end. */
  enter(tenant: string, cut: () => void): () => void {
    const flights = this.byTenant.get(tenant) ?? new Set();
    this.byTenant.set(tenant, flights.add(cut));
    this.total += 1;
    return () => {
      if (!flights.delete(cut)) return;
      if (flights.size === 0 && this.byTenant.get(tenant) === flights) this.byTenant.delete(tenant);
      this.total -= 1;
      for (const callback of [...this.idleCallbacks]) callback();
    };
  }

  /** Resolves once every flight that the tenant has now is over; those left after `graceMs` are cut. */
  async drain(tenant: string, graceMs: number): Promise<void> {
    const flights = [...(this.byTenant.get(tenant) ?? [])];
    const isOver = (): boolean => {
      const left = this.byTenant.get(tenant);
      return left === undefined || !flights.some((cut) => left.has(cut));
    };
    if (await this.until(isOver, graceMs)) return;
    for (const cut of flights) if (this.byTenant.get(tenant)?.has(cut)) cut();
    await this.until(isOver, cutMs);
  }

  /** As drain, for everything. */
  async drainAll(graceMs: number): Promise<void> {
    const isOver = (): boolean => this.total === 0;
    if (await this.until(isOver, graceMs)) return;
    for (const flights of this.byTenant.values()) for (const cut of [...flights]) cut();
    await this.until(isOver, cutMs);
  }

  private until(isOver: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isOver()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (over: boolean): void => {
        clearTimeout(timer);
        this.idleCallbacks.delete(check);
        resolve(over);
      };
      const check = (): void => {
        if (isOver()) done(true);
      };
      const timer = setTimeout(() => done(false), timeoutMs);
      this.idleCallbacks.add(check);
    });
  }
}

/** Cut sockets close within a turn of the loop or two; nobody waits for more. */
const cutMs = 200;
