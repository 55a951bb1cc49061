import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { msOfIso } from '@lapidary/kernel/iso-time';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { RegionKeys } from '@lapidary/messaging/region-keys';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { isTelling } from '../fence/notice-set-back.js';
import type { outboxMetrics } from './metrics.js';
import { numberedAtOnceMax, numberOutbox } from './number-outbox.js';
import { PublishLoop } from './publish-loop.js';
import { publishOutbox } from './publish-outbox.js';
import { outboxBacklog } from './published-through.js';
import { purgeStream, repairStream } from './stream-check.js';

/** A stream that lost something while nothing is published would else go unseen. */
const streamCheckMs = 30_000;
const observeMs = 1_000;
/** While nothing can be published; others ask how long the log is this often. */
const numberMs = 1_000;
/** Longer than a server takes to have its streams at hand again after a start. */
const looksFirstMs = 30_000;

export interface RelayOptions {
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  /** With which what is published is signed; without them nothing is. */
  readonly keys?: RegionKeys;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof outboxMetrics>;
  /** Told after the stream has them; best effort. */
  readonly onPublished: (events: readonly EventEnvelope[]) => void;
}

/**
 * Moves events from the outbox to the region's stream: number, publish, mark. One leader does it; two for a moment (a
 * leader that doesn't know yet) repeat events and harm nothing. Without NATS, or with one that has lost its streams, it goes on numbering:
 * other regions have the events from the outbox.
 */
export class OutboxRelay {
  private readonly loop: PublishLoop;
  /** Numbered by the round before, while it published: the next one begins with publishing them. */
  private numberedAhead = 0;
  private streamCheckedAt = 0;
  private observedAt = 0;
  /** The stream may show that the database was set back, which is to be known before anything gets a number. */
  private looksFirstUntil = performance.now() + looksFirstMs;

  constructor(private readonly options: RelayOptions) {
    this.loop = new PublishLoop({
      nats: options.nats,
      pass: () => this.pass(),
      doubtStream: () => (this.streamCheckedAt = 0),
      trouble: {
        dataSource: options.dataSource,
        what: 'events',
        tell: (blocked) => options.metrics.lapidary_outbox_blocked.set(blocked),
      },
      onFailure: (error) => options.logger.warn({ err: error }, 'the outbox could not be published; trying again'),
    });
  }

  wake(): void {
    this.loop.wake();
  }

  /** Works until the signal; for Leader. */
  async lead(signal: AbortSignal): Promise<void> {
    await Promise.all([this.loop.lead(signal), this.keepNumbering(signal)]);
  }

  /** One round; true where there may be more to do at once. */
  async pass(): Promise<boolean> {
    const { dataSource, nats } = this.options;
    await this.observe();
    if (!(await isTelling(dataSource))) return false;
    if (!nats.isConnected) return (await numberOutbox(dataSource)) === numberedAtOnceMax;
    if (!(await this.lookAtStream())) return false;
    const numbered = this.numberedAhead > 0 ? this.numberedAhead : await numberOutbox(dataSource);
    this.numberedAhead = 0;
    // Where so many wait that there are more, the next are numbered while these are on their way.
    const publishing = publishOutbox(dataSource, nats, undefined, this.options.keys, (some) => this.told(some));
    const [events, ahead] = await Promise.all([publishing, numbered >= numberedAtOnceMax ? this.numberUntil(publishing) : 0]);
    this.numberedAhead = ahead;
    return events.length > 0 || numbered + ahead > 0;
  }

  /** False where nothing may be numbered. Throws where the stream can't be used; what waits is numbered all the same, once it was seen to be in order. */
  private async lookAtStream(): Promise<boolean> {
    const { dataSource, nats } = this.options;
    try {
      await purgeStream(dataSource, nats);
      const isSound = await this.checkStream();
      this.looksFirstUntil = 0;
      return isSound;
    } catch (error) {
      if (performance.now() >= this.looksFirstUntil) while ((await numberOutbox(dataSource)) === numberedAtOnceMax);
      throw error;
    }
  }

  /** A stream that does not answer costs a round several seconds, for which other regions need not wait. */
  private async keepNumbering(signal: AbortSignal): Promise<void> {
    const { dataSource, logger } = this.options;
    while (!signal.aborted) {
      await new Wakeup().wait(numberMs, signal);
      if (signal.aborted || !this.loop.isBlocked || performance.now() < this.looksFirstUntil) continue;
      try {
        while ((await numberOutbox(dataSource)) === numberedAtOnceMax);
      } catch (error) {
        logger.debug({ err: error }, 'what waits could not be numbered; trying again');
      }
    }
  }

  /** Goes on numbering what waits for as long as something else goes on; a failure of that is told by who waits for it. */
  private async numberUntil(other: Promise<unknown>): Promise<number> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    other.then(over, over);
    for (let all = 0; ;) {
      const some = await numberOutbox(this.options.dataSource);
      all += some;
      if (isOver || some < numberedAtOnceMax) return all;
    }
  }

  private told(events: readonly EventEnvelope[]): void {
    const { metrics, onPublished } = this.options;
    metrics.lapidary_outbox_published_total.inc(events.length);
    const now = Date.now();
    for (const event of events) metrics.lapidary_outbox_publish_seconds.observe(Math.max(0, now - (msOfIso(event.time) ?? now)) / 1000);
    onPublished(events);
  }

  /** False where the stream holds more than the log: this region was restored from a backup, and is fenced now. */
  private async checkStream(): Promise<boolean> {
    if (Date.now() - this.streamCheckedAt < streamCheckMs) return true;
    const again = await repairStream(this.options.dataSource, this.options.nats, this.options.keys);
    this.streamCheckedAt = Date.now();
    if (again === 'set-back') {
      this.options.logger.error('the event stream holds more of this region’s log than its database: it was restored from a backup');
      return false;
    }
    if (again === 0) return true;
    this.options.metrics.lapidary_outbox_stream_repairs_total.inc();
    this.options.logger.warn({ events: again }, 'the event stream had lost events; they are published again');
    return true;
  }

  private async observe(): Promise<void> {
    if (Date.now() - this.observedAt < observeMs) return;
    this.observedAt = Date.now();
    const { depth, ageSeconds } = await outboxBacklog(this.options.dataSource);
    this.options.metrics.lapidary_outbox_depth.set(depth);
    this.options.metrics.lapidary_outbox_age_seconds.set(ageSeconds);
  }
}
