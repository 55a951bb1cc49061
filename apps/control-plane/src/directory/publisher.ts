import { directoryDigest } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { PublishLoop } from '../outbox/publish-loop.js';
import { countUnpublished } from './directory-rows.js';
import { foldSum, readDigest } from './directory-sum.js';
import type { directoryMetrics } from './metrics.js';
import { numberDirectory, type NumberedEntry } from './number-directory.js';
import { publishDirectory } from './publish-directory.js';
import { StreamKeeper } from './stream-keeper.js';
import { isRegionFenced } from '../fence/recovery-rows.js';

/** Routers compare at each digest. */
const digestMs = 5_000;

export interface PublisherOptions {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof directoryMetrics>;
  /** Told as soon as entries have their cursors; must return at once. */
  readonly onNumbered: (entries: readonly NumberedEntry[]) => void;
  /** How often the stream is looked at. */
  readonly lookMs?: number;
}

/** Tells routers what changed: number, publish, mark, and a digest every few seconds. One leader per region does it. */
export class DirectoryPublisher {
  private readonly loop: PublishLoop;
  private readonly stream: StreamKeeper;
  private signal: AbortSignal | undefined;
  private digestAt = 0;

  constructor(private readonly options: PublisherOptions) {
    this.stream = new StreamKeeper({
      ...options,
      onRepair: () => {
        options.metrics.lapidary_directory_repairs_total.inc();
        this.wake();
      },
      onWrongSum: () => options.metrics.lapidary_directory_wrong_sums_total.inc(),
    });
    this.loop = new PublishLoop({
      nats: options.nats,
      pass: () => this.pass(),
      doubtStream: () => this.stream.doubt(),
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
    await this.stream.idle();
  }

  /** One round; true where there may be more to do at once. */
  async pass(): Promise<boolean> {
    const { dataSource, nats, region, metrics, onNumbered } = this.options;
    // A restored database has placements and epochs of long ago: routers and stamps go on with what they have (I1, I4).
    if (await isRegionFenced(dataSource)) {
      this.stream.doubt();
      return false;
    }
    const numbered = await numberDirectory(dataSource);
    if (numbered.length > 0) onNumbered(numbered);
    if (!nats.isConnected) {
      metrics.lapidary_directory_unpublished.set(await countUnpublished(dataSource));
      return false;
    }
    await this.stream.settle();
    const entries = await publishDirectory(dataSource, nats, region);
    this.stream.lookIfDue(this.signal);
    const now = Date.now();
    for (const e of entries) metrics.lapidary_directory_publish_seconds.observe(Math.max(0, now - e.committedAtMs) / 1000);
    if (entries.length === 0) await this.tellDigest();
    return entries.length > 0 || numbered.length > 0;
  }

  /** Only with nothing left to publish: while entries are put back, the digest would speak of a hole that is closing. */
  private async tellDigest(): Promise<void> {
    if (Date.now() - this.digestAt < digestMs) return;
    const { dataSource, nats, region, metrics } = this.options;
    await foldSum(dataSource);
    const digest = await readDigest(dataSource);
    nats.publishJson(directoryDigest(region), digest);
    this.digestAt = Date.now();
    metrics.lapidary_directory_cursor.set(digest.cursor);
    metrics.lapidary_directory_unpublished.set(await countUnpublished(dataSource));
  }
}
