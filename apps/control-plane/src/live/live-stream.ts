import type { ServerResponse } from 'node:http';
import { liveResetEvent, type LiveEvent } from '@lapidary/contracts/api/system';

/** Bytes waiting for a reader that doesn't read; it is cut then, comes back with its last id and catches up. */
export const clientBufferBytesMax = 1024 * 1024;
/** EventSource comes back after this. */
const reconnectMs = 1_000;

/** Which event types a client wants; an entry that ends in `*` stands for all that begin so. Nothing named: all. */
export const typeFilter = (types: string | undefined): ((type: string) => boolean) => {
  const wanted = (types ?? '').split(',').filter((t) => t !== '');
  if (wanted.length === 0) return () => true;
  return (type) => wanted.some((w) => (w.endsWith('*') ? type.startsWith(w.slice(0, -1)) : type === w));
};

export const renderEvent = (event: LiveEvent): string => `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

export const renderReset = (reason: string): string => `event: ${liveResetEvent}\ndata: ${JSON.stringify({ reason })}\n\n`;

/** One console's stream. Writing never waits: a slow reader is cut instead of holding up the others or our memory. */
export class LiveStream {
  constructor(
    private readonly out: ServerResponse,
    private readonly wants: (type: string) => boolean,
  ) {
    out.write(`retry: ${reconnectMs}\n\n`);
  }

  send(event: LiveEvent, rendered: string = renderEvent(event)): void {
    if (this.wants(event.type)) this.write(rendered);
  }

  reset(reason: string): void {
    this.write(renderReset(reason));
  }

  beat(): void {
    this.write(': still there\n\n');
  }

  end(): void {
    this.out.end();
  }

  private write(text: string): void {
    if (this.out.destroyed || this.out.writableEnded) return;
    this.out.write(text);
    if (this.out.writableLength > clientBufferBytesMax) this.out.destroy();
  }
}
