/** Wakes those who wait for a job's next line. Fed by NOTIFY; after a reconnect everybody looks once, since notifications were lost. */
export class JobWatch {
  private readonly waiting = new Map<string, Set<() => void>>();
  private closed = false;

  wake(jobId: string): void {
    for (const wake of this.waiting.get(jobId) ?? []) wake();
  }

  wakeAll(): void {
    for (const id of [...this.waiting.keys()]) this.wake(id);
  }

  /** The process shuts down: nobody is made to wait any more, so that open connections can end. */
  close(): void {
    this.closed = true;
    this.wakeAll();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Registers before the caller looks, so that nothing falls between looking and waiting. `next` resolves at the first wake since the last one. */
  subscribe(jobId: string): { readonly next: (timeoutMs: number, signal?: AbortSignal) => Promise<void>; readonly end: () => void } {
    let woken = false;
    let resolveNext: (() => void) | undefined;
    const wake = (): void => {
      woken = true;
      resolveNext?.();
    };
    const wakes = this.waiting.get(jobId) ?? new Set();
    this.waiting.set(jobId, wakes.add(wake));
    return {
      next: async (timeoutMs, signal) => {
        await waitFor(
          (resolve) => (resolveNext = resolve),
          () => woken || this.closed || signal?.aborted === true,
          timeoutMs,
          signal,
        );
        woken = false;
        resolveNext = undefined;
      },
      end: () => {
        wakes.delete(wake);
        if (wakes.size === 0 && this.waiting.get(jobId) === wakes) this.waiting.delete(jobId);
      },
    };
  }
}

const waitFor = async (
  arm: (resolve: () => void) => void,
  isOver: () => boolean,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> => {
  if (isOver()) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    signal?.addEventListener('abort', done, { once: true });
    arm(done);
  });
};
