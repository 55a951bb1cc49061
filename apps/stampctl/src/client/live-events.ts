import { isAppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { eventsPath } from '@lapidary/contracts/api/paths';
import { LiveEventSchema, liveResetEvent, type LiveEvent } from '@lapidary/contracts/api/system';
import type { HttpClient } from './http-client.js';
import { readServerSentEvents } from './sse-stream.js';

/** The server sends a heartbeat every 15 s: after three of them missing, the connection is dead. */
const silenceMaxMs = 45_000;
const reconnectFirstMs = 300;
const reconnectMaxMs = 10_000;

export type LiveUpdate =
  | { readonly type: 'event'; readonly event: LiveEvent }
  /** Events were lost: what was read before may be stale. */
  | { readonly type: 'reset' }
  | { readonly type: 'away'; readonly reason: string }
  | { readonly type: 'connected' };

/** The live events of a region for as long as the caller reads, across reconnects, continuing after the last one seen. */
export async function* liveEvents(http: HttpClient, since: string | undefined): AsyncGenerator<LiveUpdate> {
  let lastId = since;
  for (let tries = 0; ; tries += 1) {
    const watch = new Silence();
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
      const response = await http.open('GET', eventsPath, headers, AbortSignal.any([http.signal, watch.signal]));
      yield { type: 'connected' };
      if (response.body) {
        for await (const message of readServerSentEvents(watch.over(response.body))) {
          tries = 0;
          if (message.id !== '') lastId = message.id;
          if (message.event === liveResetEvent) yield { type: 'reset' };
          const event = LiveEventSchema.safeParse(tryJson(message.data));
          if (event.success) yield { type: 'event', event: event.data };
        }
      }
    } catch (error) {
      http.signal.throwIfAborted();
      if (isAppError(error) && error.entry.status < 500 && error.entry.status !== 429) throw error;
    } finally {
      watch.end();
    }
    http.signal.throwIfAborted();
    yield { type: 'away', reason: `${http.server} closed the stream` };
    await http.pause(backOffMs(tries, reconnectFirstMs, reconnectMaxMs));
    await http.findAgain();
  }
}

/** Ends a stream that has gone silent. */
class Silence {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  over(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    this.heard();
    return body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, out) => {
          this.heard();
          out.enqueue(chunk);
        },
      }),
    );
  }

  end(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }

  private heard(): void {
    clearTimeout(this.timer);
    if (this.controller.signal.aborted) return;
    this.timer = setTimeout(() => this.controller.abort(), silenceMaxMs);
  }
}

const tryJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
