import type { LiveEvent } from '@lapidary/contracts/api/system';
import { liveEvents } from '@lapidary/contracts/subjects';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { isRightGone } from '../auth/present-caller.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, METRICS, NATS } from '../process/tokens.js';
import { LiveMessageSchema } from './live-event.js';
import { LiveRing } from './live-ring.js';
import { renderEvent, type LiveStream } from './live-stream.js';
import { liveMetrics } from './metrics.js';

/** Proxies cut connections that are silent for a minute or less. Each time it is asked anew who listens. */
const beatMs = 15_000;

/** Hears the region's live events and hands them to the consoles that are connected to this process. */
@Injectable()
export class LiveHub implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly ring = new LiveRing();
  /** With who listens, asked anew; throws where the right to is gone. */
  private readonly streams = new Map<LiveStream, () => Promise<unknown>>();
  private readonly metrics: MetricsOf<typeof liveMetrics>;
  private readonly stops: (() => void)[] = [];
  private isClosed = false;

  constructor(
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.metrics = createMetrics(liveMetrics, { processMetrics: false, registry });
  }

  onApplicationBootstrap(): void {
    const subject = liveEvents(this.config.LAPIDARY_REGION);
    this.stops.push(this.nats.subscribeJson(subject, LiveMessageSchema, (told) => [told].flat().forEach((event) => this.hand(event))));
    this.stops.push(this.nats.onDisconnected(() => this.forget()));
    const timer = setInterval(() => void this.beat(), beatMs);
    this.stops.push(() => clearInterval(timer));
  }

  beforeApplicationShutdown(): void {
    this.isClosed = true;
    for (const stop of this.stops) stop();
    for (const stream of this.streams.keys()) stream.end();
    this.streams.clear();
  }

  /** Adds a console; with the id of the last event it saw, what came since goes first. Returns how to remove it. */
  join(stream: LiveStream, caller: () => Promise<unknown>, lastEventId: string | undefined): () => void {
    if (this.isClosed) {
      stream.end();
      return () => undefined;
    }
    if (lastEventId !== undefined) {
      const missed = this.ring.after(lastEventId);
      if (missed) for (const event of missed) stream.send(event);
      else stream.reset('the events after the last one seen are gone');
    }
    this.streams.set(stream, caller);
    this.metrics.lapidary_live_clients.set(this.streams.size);
    return () => {
      this.streams.delete(stream);
      this.metrics.lapidary_live_clients.set(this.streams.size);
    };
  }

  /** A sign of life for who may still listen, and the end for who may not. While nobody can tell, because the database is away, all go on. */
  async beat(): Promise<void> {
    await Promise.all(
      [...this.streams].map(async ([stream, caller]) => {
        const isGone = await caller().then(() => false, isRightGone);
        if (isGone) stream.end();
        else stream.beat();
      }),
    );
  }

  private hand(event: LiveEvent): void {
    if (!this.ring.push(event)) return;
    this.metrics.lapidary_live_events_total.inc();
    if (this.streams.size === 0) return;
    const rendered = renderEvent(event);
    for (const stream of this.streams.keys()) stream.send(event, rendered);
  }

  /** Events may be passing unheard from now on: nobody may take what is here for the whole. */
  private forget(): void {
    this.ring.clear();
    for (const stream of this.streams.keys()) stream.reset('the event stream was interrupted');
  }
}
