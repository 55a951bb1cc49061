import { eventsPath } from '@lapidary/contracts/api/paths';
import { LiveEventSchema, liveResetEvent, type LiveEvent } from '@lapidary/contracts/api/system';
import { followStream } from './follow-stream.js';
import type { HttpClient } from './http-client.js';

export type LiveUpdate =
  | { readonly type: 'event'; readonly event: LiveEvent }
  /** Events were lost: what was read before may be stale. */
  | { readonly type: 'reset' }
  | { readonly type: 'away'; readonly reason: string }
  | { readonly type: 'connected' };

/** The live events of a region for as long as the caller reads, across reconnects, continuing after the last one seen. */
export async function* liveEvents(http: HttpClient, since: string | undefined): AsyncGenerator<LiveUpdate> {
  for await (const update of followStream(http, eventsPath, since)) {
    if (update.type !== 'message') {
      yield update;
      continue;
    }
    if (update.message.event === liveResetEvent) yield { type: 'reset' };
    const event = LiveEventSchema.safeParse(tryJson(update.message.data));
    if (event.success) yield { type: 'event', event: event.data };
  }
}

const tryJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
