import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Listener } from '@lapidary/db/listener';
import { AppError } from '@lapidary/kernel/app-error';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { watchMetrics } from './metrics.js';
import { changeChannel } from './stored-documents.js';

/** Each costs a query a change of its collection; more are another process's. */
const watchersMax = 500;
/** What one caller may have of them, so that no single script or stamp takes the places of all others. */
export const watchersOfOneMax = 100;

/** Who watches at this process, and what wakes them: a change of their collection. A notification that is lost costs the watcher's timer. */
@Injectable()
export class WatchHub implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly metrics: MetricsOf<typeof watchMetrics>;
  private readonly listener: Listener;
  private readonly watchers = new Map<Wakeup, { readonly collection: string; readonly actor: string }>();
  private readonly stopping = new AbortController();

  constructor(
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    this.metrics = createMetrics(watchMetrics, { processMetrics: false, registry });
    this.listener = new Listener({
      url: config.LAPIDARY_DATABASE_URL,
      applicationName: `control-plane:${config.LAPIDARY_REGION}:watch`,
      channels: [changeChannel],
      onNotify: (_, collection) => this.wake(collection),
      onConnect: () => this.wake(null),
      onError: (error) => logger.warn({ err: error }, 'the watch of collections lost its database connection'),
    });
  }

  /** Ends with the process. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  onApplicationBootstrap(): void {
    this.listener.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.listener.stop();
  }

  /** Runs `work` as a watcher of a collection. Throws `overloaded` where there are too many, or too many of this caller's. */
  async watch(collection: string, actor: string, work: (wakeup: Wakeup) => Promise<void>): Promise<void> {
    if (this.watchers.size >= watchersMax) throw new AppError('overloaded', 'Too many watch here at once', { retryAfterSeconds: 1 });
    if ([...this.watchers.values()].filter((w) => w.actor === actor).length >= watchersOfOneMax)
      throw new AppError('overloaded', `${actor} watches ${watchersOfOneMax} times here already`, { retryAfterSeconds: 1 });
    const wakeup = new Wakeup();
    this.watchers.set(wakeup, { collection, actor });
    this.metrics.lapidary_collection_watchers.set(this.watchers.size);
    try {
      await work(wakeup);
    } finally {
      this.watchers.delete(wakeup);
      this.metrics.lapidary_collection_watchers.set(this.watchers.size);
    }
  }

  private wake(collection: string | null): void {
    for (const [wakeup, watched] of this.watchers) if (collection === null || watched.collection === collection) wakeup.wake();
  }
}
