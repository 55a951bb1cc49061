import { liveResetEvent, LiveEventSchema, type LiveEvent } from '@lapidary/contracts/api/system';
import { eventSchemas } from '@lapidary/contracts/events/registry';
import { eventsPath } from '@lapidary/contracts/api/paths';

/** EventSource gives up for good on an HTTP error; this is how long we wait before we open a new one. */
const reopenMs = 2_000;

export type LiveState = { readonly state: 'connecting' | 'live' } | { readonly state: 'stale'; readonly since: number };

interface Listener {
  readonly onEvent: (event: LiveEvent) => void;
  /** Events may have been lost: everything is read again. */
  readonly onReset: () => void;
}

/** One event stream per tab. A store for useSyncExternalStore, so that the badge always shows its true state. */
export class LiveConnection {
  private state: LiveState = { state: 'connecting' };
  private source: EventSource | null = null;
  private timer: number | undefined;
  private opened = false;
  private readonly watchers = new Set<() => void>();

  constructor(private readonly listener: Listener) {}

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly snapshot = (): LiveState => this.state;

  open(): void {
    this.close();
    const source = new EventSource(eventsPath);
    this.source = source;
    source.addEventListener('open', () => {
      // A new EventSource has no Last-Event-ID: what happened in between is read again.
      if (this.opened) this.listener.onReset();
      this.opened = true;
      this.become({ state: 'live' });
    });
    source.addEventListener('error', () => this.lost(source));
    source.addEventListener(liveResetEvent, () => this.listener.onReset());
    for (const type of Object.keys(eventSchemas)) source.addEventListener(type, (message) => this.receive(message));
  }

  close(): void {
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private receive(message: Event): void {
    const event = LiveEventSchema.safeParse(tryJson((message as MessageEvent<string>).data));
    if (event.success) this.listener.onEvent(event.data);
  }

  private lost(source: EventSource): void {
    if (this.state.state !== 'stale') this.become({ state: 'stale', since: Date.now() });
    if (source.readyState === EventSource.CLOSED && source === this.source) this.timer = window.setTimeout(() => this.open(), reopenMs);
  }

  private become(state: LiveState): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

const tryJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
