import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { createDataSource } from '@lapidary/db/data-source';
import { Listener } from '@lapidary/db/listener';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { Logger } from '@lapidary/telemetry/logger';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { Readiness } from '../process/readiness.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { jobsAtOnce } from './job-concurrency.js';
import { JobDefinitions } from './job-definition.js';
import { jobChannel } from './job-events.js';
import { createJobMetrics } from './job-metrics.js';
import { JobQueue } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { JobWatch } from './job-watch.js';
import { LeaseReclaimer, type ReclaimerDeps } from './lease-reclaimer.js';
import { putAside } from './unreadable-message.js';

/** Per job: its steps, its lines, its lease. Two more for the reclaimer and for passing needs of a step. */
const connectionsPerJob = 2;
const connectionsBeside = 2;
/** Postgres was there a moment ago (the process has migrated); it will be there again. */
const restartMs = 1_000;

/** The part of the process that works on jobs, with a connection pool of its own (P-BH1): API load can't starve leases. */
@Injectable()
export class JobWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly dataSource: DataSource;
  private readonly deps: ReclaimerDeps;
  private readonly runner: JobRunner;
  private readonly reclaimer: LeaseReclaimer;
  private readonly listener: Listener;
  private started: Promise<void> | undefined;
  private stopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) processMetrics: ControlPlaneMetrics,
    readiness: Readiness,
    clock: HybridLogicalClock,
    definitions: JobDefinitions,
    private readonly queue: JobQueue,
    private readonly watch: JobWatch,
  ) {
    const { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url } = config;
    this.dataSource = createDataSource({
      url,
      applicationName: `control-plane:${region}:jobs`,
      poolSize: jobsAtOnce(config) * connectionsPerJob + connectionsBeside,
    });
    this.deps = {
      dataSource: this.dataSource,
      clock,
      logger,
      metrics: createJobMetrics(processMetrics.registry),
      region,
      definitions,
      queue,
    };
    this.runner = new JobRunner(this.deps);
    this.reclaimer = new LeaseReclaimer(this.deps);
    this.listener = new Listener({
      url,
      applicationName: `control-plane:${region}:jobs-listen`,
      channels: [jobChannel],
      onNotify: (_channel, jobId) => {
        this.watch.wake(jobId);
        this.runner.poke(jobId);
      },
      onConnect: () => this.watch.wakeAll(),
      onError: (error) => logger.warn({ err: error }, 'listening for job changes broke off; reconnecting'),
    });
    readiness.register('jobs', () => (queue.isReady ? null : 'the job queue is being started'));
  }

  onApplicationBootstrap(): void {
    this.started = this.start();
  }

  /** Before the HTTP server closes: streams end, jobs go back to the queue for another replica. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.watch.close();
    await this.reclaimer.stop();
    await this.runner.stop();
    await this.queue.stop();
    await this.started?.catch(() => undefined);
    await this.listener.stop();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async start(): Promise<void> {
    try {
      await this.dataSource.initialize();
      this.listener.start();
      await this.queue.start({
        job: async (jobId) => {
          await this.runner.run(jobId);
        },
        unreadable: (kind, message) => putAside(this.deps, kind, message),
      });
      if (!this.stopped) this.reclaimer.start();
    } catch (error) {
      this.logger.error({ err: error, region: this.config.LAPIDARY_REGION }, 'the job worker could not start');
      if (!this.stopped) setTimeout(() => (this.started = this.start()), restartMs).unref();
    }
  }
}
