import { directoryDigest } from '@lapidary/contracts/subjects';
import { backOffMs } from '@lapidary/kernel/back-off';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { countUnpublished, readDigest } from './directory-rows.js';
import type { directoryMetrics } from './metrics.js';
import { numberDirectory, type NumberedEntry } from './number-directory.js';
import { publishDirectory } from './publish-directory.js';
import { verifyDirectoryStream } from './verify-stream.js';

/** A lost notification costs at most this. */
const timerMs = 1_000;
/** Routers compare at each digest. */
const digestMs = 5_000;
const verifyMs = 30_000;
const retryFirstMs = 100;
const retryMaxMs = 5_000;

export interface PublisherOptions {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof directoryMetrics>;
  /** Told as soon as entries have their cursors; must return at once. */
  readonly onNumbered: (entries: readonly NumberedEntry[]) => void;
}

/** Tells routers what changed: number, publish, mark, and a digest every few seconds. One leader per region does it. */
export class DirectoryPublisher {
  private readonly wakeup = new Wakeup();
  private verifiedAt = 0;
  private digestAt = 0;

  constructor(private readonly options: PublisherOptions) {}

  wake(): void {
    this.wakeup.wake();
  }

  /** Works until the signal; for Leader. */
  async lead(signal: AbortSignal): Promise<void> {
    const stopListening = this.options.nats.onConnected(() => {
      this.verifiedAt = 0;
      this.wake();
    });
    this.verifiedAt = 0;
    try {
      for (let failures = 0; !signal.aborted;) {
        try {
          const busy = await this.pass();
          failures = 0;
          if (!busy) await this.wakeup.wait(timerMs, signal);
        } catch (error) {
          // Perhaps the stream is gone, which only a look at it tells.
          this.verifiedAt = 0;
          this.options.logger.warn({ err: error }, 'the directory could not be published; trying again');
          await new Wakeup().wait(backOffMs(failures++, retryFirstMs, retryMaxMs), signal);
        }
      }
    } finally {
      stopListening();
    }
  }

  /** One round; true where there may be more to do at once. */
  async pass(): Promise<boolean> {
    const { dataSource, nats, region, metrics, onNumbered } = this.options;
    const numbered = await numberDirectory(dataSource);
    if (numbered.length > 0) onNumbered(numbered);
    if (!nats.isConnected) {
      metrics.lapidary_directory_unpublished.set(await countUnpublished(dataSource));
      return false;
    }
    await this.verify();
    const entries = await publishDirectory(dataSource, nats, region);
    const now = Date.now();
    for (const e of entries) metrics.lapidary_directory_publish_seconds.observe(Math.max(0, now - e.committedAtMs) / 1000);
    if (entries.length === 0) await this.tellDigest();
    return entries.length > 0 || numbered.length > 0;
  }

  private async verify(): Promise<void> {
    if (Date.now() - this.verifiedAt < verifyMs) return;
    const { dataSource, nats, region, logger, metrics } = this.options;
    const verdict = await verifyDirectoryStream(dataSource, nats, region);
    this.verifiedAt = Date.now();
    if (verdict === 'same') return;
    metrics.lapidary_directory_repairs_total.inc();
    logger.warn({ verdict }, 'the directory stream differed from the table');
  }

  /** Only with nothing left to publish: while entries are put back, the digest would speak of a hole that is closing. */
  private async tellDigest(): Promise<void> {
    if (Date.now() - this.digestAt < digestMs) return;
    const { dataSource, nats, region, metrics } = this.options;
    const digest = await readDigest(dataSource);
    nats.publishJson(directoryDigest(region), digest);
    this.digestAt = Date.now();
    metrics.lapidary_directory_cursor.set(digest.cursor);
    metrics.lapidary_directory_unpublished.set(await countUnpublished(dataSource));
  }
}
