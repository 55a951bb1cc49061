import pg from 'pg';
import { backOffMs } from '@lapidary/kernel/back-off';

/** A database that restarts is back within a second or two. */
const reconnectFirstMs = 200;
const reconnectMaxMs = 5_000;

export interface ListenerOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly channels: readonly string[];
  readonly onNotify: (channel: string, payload: string) => void;
  /** Called after each (re)connect: whatever was notified in between is lost, so look at everything once. */
  readonly onConnect: () => void;
  readonly onError: (error: unknown) => void;
}

/** LISTEN on a connection of its own (never through a transaction-mode pooler), reconnecting for as long as it runs. */
export class Listener {
  private client: pg.Client | undefined;
  private stopped = false;
  private attempt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ListenerOptions) {}

  start(): void {
    void this.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.options.url, application_name: this.options.applicationName, keepAlive: true });
    this.client = client;
    let lost = false;
    const onLost = (error?: unknown): void => {
      if (lost || this.stopped) return;
      lost = true;
      if (error !== undefined) this.options.onError(error);
      void client.end().catch(() => undefined);
      this.timer = setTimeout(() => void this.connect(), backOffMs(this.attempt++, reconnectFirstMs, reconnectMaxMs));
    };
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', (n) => this.options.onNotify(n.channel, n.payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.options.channels) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      this.attempt = 0;
      if (!this.stopped) this.options.onConnect();
    } catch (error) {
      onLost(error);
    }
  }
}
