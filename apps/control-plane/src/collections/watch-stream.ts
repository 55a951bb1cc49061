import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { watchEvents } from '@lapidary/contracts/api/watch';

/** Who takes nothing for this long is cut, and comes back with its cursor. */
const stuckMsMax = 30_000;

/** One watcher's answer. Waits for who reads slowly, so that nothing but one batch is ever kept for it. */
export class WatchStream {
  private readonly closing = new AbortController();

  constructor(private readonly out: ServerResponse) {
    const close = (): void => this.closing.abort();
    out.once('close', close);
    out.once('error', close);
  }

  /** Ends with the connection. */
  get signal(): AbortSignal {
    return this.closing.signal;
  }

  async send(event: keyof typeof watchEvents, cursor: string | null, data: unknown): Promise<void> {
    const id = cursor === null ? '' : `id: ${cursor}\n`;
    await this.write(`${id}event: ${watchEvents[event]}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A sign of life that is no event. */
  async beat(): Promise<void> {
    await this.write(': still there\n\n');
  }

  end(): void {
    this.out.end();
  }

  private async write(text: string): Promise<void> {
    if (this.signal.aborted || this.out.write(text)) return;
    try {
      await once(this.out, 'drain', { signal: AbortSignal.any([this.signal, AbortSignal.timeout(stuckMsMax)]) });
    } catch {
      this.out.destroy();
      this.closing.abort();
    }
  }
}
