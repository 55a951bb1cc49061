import { setTimeout as sleep } from 'node:timers/promises';

/** Does something again and again until it is stopped; each time says after how many milliseconds the next one comes. Never throws. */
export class Repeated {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly once: (signal: AbortSignal) => Promise<number>) {}

  start(): void {
    this.running = this.loop(this.stopping.signal);
  }

  /** Resolves when what is under way has ended; its signal tells it to. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await sleep(await this.once(signal), undefined, { signal }).catch(() => undefined);
  }
}
