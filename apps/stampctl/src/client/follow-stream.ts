import { isAppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { readServerSentEvents, type ServerSentEvent } from '@lapidary/kernel/server-sent-events';
import { Silence } from '@lapidary/kernel/silence';
import type { HttpClient } from './http-client.js';

/** The server sends a heartbeat every 15 s: after three of them missing, the connection is dead. */
const silenceMaxMs = 45_000;
const reconnectFirstMs = 300;
const reconnectMaxMs = 10_000;

export type StreamUpdate =
  | { readonly type: 'message'; readonly message: ServerSentEvent }
  | { readonly type: 'away'; readonly reason: string }
  | { readonly type: 'connected' };

/** Server-sent events for as long as the caller reads, across reconnects, continuing after the last id seen. */
export async function* followStream(http: HttpClient, path: string, since: string | undefined): AsyncGenerator<StreamUpdate> {
  let lastId = since;
  for (let tries = 0; ; tries += 1) {
    const silence = new Silence(silenceMaxMs, http.signal);
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
      const response = await http.open('GET', path, headers, silence.signal);
      yield { type: 'connected' };
      if (response.body) {
        for await (const message of readServerSentEvents(silence.over(response.body))) {
          tries = 0;
          if (message.id !== '') lastId = message.id;
          yield { type: 'message', message };
        }
      }
    } catch (error) {
      http.signal.throwIfAborted();
      if (isAppError(error) && error.entry.status < 500 && error.entry.status !== 429) throw error;
    } finally {
      silence.end();
    }
    http.signal.throwIfAborted();
    yield { type: 'away', reason: `${http.server} closed the stream` };
    await http.pause(backOffMs(tries, reconnectFirstMs, reconnectMaxMs));
    await http.findAgain();
  }
}
