import { directoryDigest } from '@lapidary/contracts/subjects';
import { machineNowMs } from '@lapidary/kernel/machine-clock';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { PublishLoop } from '../outbox/publish-loop.js';
import { countUnpublished, readDigest } from './directory-rows.js';
import type { directoryMetrics } from './metrics.js';
import { numberDirectory, type NumberedEntry } from './number-directory.js';
import { publishDirectory } from './publish-directory.js';
import { verifyDirectoryStream } from './verify-stream.js';
import { isRegionFenced } from '../fence/recovery-rows.js';

/** Routers compare at each digest. */
const digestMs = 5_000;
const verifyMs = 30_000;
/** A million entries take more than half a minute to be read back: reading them takes a twentieth of the time at most. */
const verifyShare = 20;

export interface PublisherOptions {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof directoryMetrics>;
  /** Told as soon as entries have their cursors; must return at once. */
  readonly onNumbered: (entries: readonly NumberedEntry[]) => void;
  /** How often the stream is looked at. */
  readonly verifyMs?: number;
}

/** Tells routers what changed: number, publish, mark, and a digest every few seconds. One leader per region does it. */
export class DirectoryPublisher {
  private readonly loop: PublishLoop;
  /** When the stream is to be looked at again, by the machine's clock; 0: before anything is published. */
  private verifyAtMs = 0;
  private verifying: Promise<void> | undefined;
  private signal: AbortSignal | undefined;
  private digestAt = 0;

  constructor(private readonly options: PublisherOptions) {
    this.loop = new PublishLoop({
      nats: options.nats,
      pass: () => this.pass(),
      doubtStream: () => (this.verifyAtMs = 0),
      trouble: {
        dataSource: options.dataSource,
        what: 'routes',
        tell: (blocked) => options.metrics.lapidary_directory_blocked.set(blocked),
      },
      onFailure: (error) => options.logger.warn({ err: error }, 'the directory could not be published; trying again'),
    });
  }

  wake(): void {
    this.loop.wake();
  }

  /** Works until the signal; for Leader. */
  async lead(signal: AbortSignal): Promise<void> {
    this.signal = signal;
    await this.loop.lead(signal);
    await this.verifying;
  }

  /** One round; true where there may be more to do at once. */
  async pass(): Promise<boolean> {
    const { dataSource, nats, region, metrics, onNumbered } = this.options;
    // A restored database has placements and epochs of long ago: routers and stamps go on with what they have (I1, I4).
    if (await isRegionFenced(dataSource)) return false;
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

  /** A stream in doubt holds up what would be published; a look that is only due goes on beside it. */
  private async verify(): Promise<void> {
    if (this.verifyAtMs === 0) {
      await this.verifying;
      await this.look();
    } else if (machineNowMs() >= this.verifyAtMs && this.verifying === undefined)
      this.verifying = this.look()
        .catch((error: unknown) => this.doubt(error))
        .finally(() => (this.verifying = undefined));
  }

  private async look(): Promise<void> {
    const { dataSource, nats, region, logger, metrics } = this.options;
    const beganMs = machineNowMs();
    const everyMs = this.options.verifyMs ?? verifyMs;
    this.verifyAtMs = beganMs + everyMs;
    const verdict = await verifyDirectoryStream(dataSource, nats, region, this.signal);
    const nowMs = machineNowMs();
    // Doubted meanwhile: looked at again.
    if (this.verifyAtMs !== 0) this.verifyAtMs = nowMs + Math.max(everyMs, verifyShare * (nowMs - beganMs));
    if (verdict === 'same') return;
    metrics.lapidary_directory_repairs_total.inc();
    logger.warn({ verdict }, 'the directory stream differed from the table');
    this.wake();
  }

  private doubt(error: unknown): void {
    this.verifyAtMs = 0;
    if (!this.signal?.aborted) this.options.logger.warn({ err: error }, 'the directory stream could not be looked at; trying again');
    this.wake();
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
