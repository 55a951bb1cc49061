import pg from 'pg';
import { backOffMs } from '@lapidary/kernel/back-off';

/** How often a stand-by asks whether the leader is gone; also the longest pause after a leader's death. */
const retryMs = 500;
const reconnectMaxMs = 5_000;

export interface LeaderOptions {
  readonly url: string;
  readonly name: string;
  /** Same number, same office. */
  readonly lockKey: number;
  /** Runs while this process leads; must end soon after the signal. Work must stay safe if two lead for a moment. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * One leader among the replicas of a region, by a session-level advisory lock: it ends with the session, so a killed
 * leader is succeeded within half a second. A leader whose connection broke is told by the signal.
 */
export class Leader {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: LeaderOptions) {}

  start(): void {
    this.running ??= this.loop();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      const led = await this.term().catch((error: unknown) => {
        this.options.onError(error);
        return false;
      });
      failures = led ? 0 : failures + 1;
      await this.pause(backOffMs(Math.min(failures, 4), retryMs, reconnectMaxMs));
    }
  }

  /** One connection's life: waits for the lock, leads, returns true when it has led. */
  private async term(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.options.url, application_name: `leader:${this.options.name}`, keepAlive: true });
    const ended = new AbortController();
    client.on('error', (error) => ended.abort(error));
    client.on('end', () => ended.abort());
    const signal = AbortSignal.any([this.stopping.signal, ended.signal]);
    try {
      await client.connect();
      for (;;) {
        if (signal.aborted) return false;
        const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [this.options.lockKey]);
        if (rows[0]?.locked) break;
        await this.pause(retryMs);
      }
      await this.options.lead(signal);
      return true;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async pause(ms: number): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}
