import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { SketchQuestionSchema } from '@lapidary/contracts/digest-protocol';
import { PeerDigestQuestionSchema } from '@lapidary/contracts/fleet-protocol';
import { geoDigest, geoSketch } from '@lapidary/contracts/subjects';
import { Leader } from '@lapidary/db/leader';
import { keepRounds } from '@lapidary/kernel/rounds';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CollectionTools } from '../collections/collection-tools.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { digestLock } from '../outbox/leader-locks.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS, NATS } from '../process/tokens.js';
import { answerDigest, answerSketch } from './answer-digest.js';
import { foldDigests } from './digest-rows.js';
import { digestMetrics } from './metrics.js';
import { scrubOnce } from './scrub.js';
import { checkTenants, foldTenants } from './tenant-digests.js';

/**
 * Folding rewrites 60 kB for each collection that is written to, so not after every write; open changes cost who asks meanwhile
 * some 15 µs each.
 */
const foldMs = 2_000;

/** What is kept of tenants is looked through so often; 2,000 of them a round, so that a million take 17 minutes of it. */
const checkEveryMs = 3_600_000;

/** Where every collection was looked through lately. */
const idleScrubMs = 5_000;
const responders = 'control-plane';
/** Each holds a connection of the background work's; peers repeat what was refused. */
const inFlightMax = 2;

/** Keeps the digests of this region's documents small (one leader per region), and answers peers about them (every replica). */
@Injectable()
export class DigestWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger: Logger;
  private readonly metrics: MetricsOf<typeof digestMetrics>;
  private readonly leader: Leader;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly tools: CollectionTools,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.logger = logger.child({ part: 'digests' });
    this.metrics = createMetrics(digestMetrics, { processMetrics: false, registry });
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'digests',
      lockKey: digestLock,
      lead: async (signal) => this.lead(signal),
      onError: (error) => this.logger.warn({ err: error }, 'the digests lost their database connection'),
    });
  }

  onApplicationBootstrap(): void {
    const { LAPIDARY_REGION: region } = this.config;
    const { dataSource } = this.database;
    const options = { queue: responders, inFlightMax };
    for (const peer of peersOf(this.config)) {
      this.stops.push(
        this.nats.serveJson(geoDigest(region, peer), PeerDigestQuestionSchema, async (q) => answerDigest(dataSource, peer, q), options),
        this.nats.serveBytes(geoSketch(region, peer), SketchQuestionSchema, async (q) => answerSketch(dataSource, peer, q), options),
      );
    }
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.leader.stop();
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const folding = keepRounds(
      signal,
      foldMs,
      async () => this.metrics.lapidary_digest_folded_total.inc(await foldDigests(this.database.dataSource)),
      (error) => signal.aborted || this.logger.warn({ err: error }, 'the digests could not be folded; trying again'),
    );
    let [after, dueMs] = ['', 0];
    const ofTenants = keepRounds(
      signal,
      foldMs,
      async () => {
        this.metrics.lapidary_digest_folded_total.inc(await foldTenants(this.database.dataSource));
        if (Date.now() < dueMs) return;
        const { next, wrong } = await checkTenants(this.database.dataSource, after);
        [after, dueMs] = next === null ? ['', Date.now() + checkEveryMs] : [next, dueMs];
        if (wrong === 0) return;
        this.metrics.lapidary_digest_rebuilt_total.inc(wrong);
        this.logger.warn({ wrong }, 'what is kept of tenants was not what their rows say; it is made anew');
      },
      (error) => signal.aborted || this.logger.warn({ err: error }, 'the digests of tenants could not be folded; trying again'),
    );
    await Promise.all([folding, ofTenants, this.keepScrubbing(signal)]);
  }

  private async keepScrubbing(signal: AbortSignal): Promise<void> {
    const { nested } = await this.tools.site();
    while (!signal.aborted) {
      let pauseMs = idleScrubMs;
      try {
        const scrubbed = await scrubOnce(this.database.dataSource, nested);
        if (scrubbed) {
          pauseMs = (Math.max(1, scrubbed.rows) / this.config.LAPIDARY_SCRUB_ROWS_PER_SECOND) * 1000;
          this.metrics.lapidary_scrub_rows_total.inc(scrubbed.rows);
          if (scrubbed.isDigestWrong) this.metrics.lapidary_digest_rebuilt_total.inc();
          if (scrubbed.corrupt.length > 0)
            this.logger.error({ corrupt: scrubbed.corrupt.length }, 'documents are not what their digest says');
        }
      } catch (error) {
        if (!signal.aborted) this.logger.warn({ err: error }, 'the scrub could not go on; trying again');
      }
      await new Wakeup().wait(pauseMs, signal);
    }
  }
}
