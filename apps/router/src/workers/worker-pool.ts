import { closeSync } from 'node:fs';
import type { RouterConfig } from '@lapidary/config/router';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { checkTransitions } from '@lapidary/kernel/transition-table';
import type { Logger } from '@lapidary/telemetry/logger';
import type { Directory } from '../directory/directory.js';
import type { RouterMetrics } from '../metrics.js';
import { Identification, tokenFactsOf } from '../identification/identification.js';
import type { Look } from '../observe/look.js';
import type { IdentifyRule } from '../pipeline/identify-order.js';
import type { TokenFacts } from '../pipeline/identify.js';
import type { GivenSockets } from '../given-sockets.js';
import type { SpentCause } from '../keeper/keeper-messages.js';
import type { MetricPages, Takers, TrafficPorts } from '../takers.js';
import type { Foreseen } from '../traffic-policy/traffic-policy.js';
import { freeProbesOf } from '../traffic-policy/across-workers/breaker-cells.js';
import { createPolicyMemory, type PolicyMemory } from '../traffic-policy/across-workers/policy-memory.js';
import { freeCompanyOf } from '../traffic-policy/across-workers/shared-buckets.js';
import { freePlacesOf } from '../traffic-policy/across-workers/shared-places.js';
import { createBeats, HeartbeatWatch, toEnd } from './heartbeats.js';
import { KeptCounts } from './kept-counts.js';
import { closedAll, createOpenSockets, opensAll } from './open-sockets.js';
import { WorkerHandle } from './worker-handle.js';
import { workerTable } from './worker-states.js';

checkTransitions(workerTable);

export interface WorkerPoolOptions {
  readonly config: RouterConfig;
  readonly directory: Directory;
  readonly refreshTenant: (tenant: string) => Promise<void>;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
  /** Built program of a worker. */
  readonly workerFile: URL;
  readonly sockets: Pick<GivenSockets, 'http' | 'tls'>;
  /** Only another process can go on: there are no descriptors left, or a worker that hangs can't be ended. */
  readonly onSpent: (cause: SpentCause) => void;
}

const restartFirstMs = 100;
/** What its silence is judged by; adds as much to the bound. */
const lookEveryMs = 250;
/** Code of our own ends within milliseconds; a call of the system can't be interrupted. */
const endMsMax = 5_000;
/** A worker that dies at every start must not take the other core with its starts. */
const restartMaxMs = 5_000;
/** Longer than a worker lives that dies of how it was started. */
const steadyAfterMs = 10_000;

/** The threads that take requests, all from one listening socket (W1–W5): whoever is free accepts. */
export class WorkerPool implements Takers {
  private workers: WorkerHandle[] = [];
  private readonly fds: { readonly http: number; readonly tls: number | null }[];
  private identification: Identification | undefined;
  private failures = 0;
  private stopping = false;
  private memory: SharedArrayBuffer | null = null;
  private readonly policy: PolicyMemory;
  private readonly beats: SharedArrayBuffer;
  private readonly open = createOpenSockets();
  private readonly watch: HeartbeatWatch;
  private readonly counts = new KeptCounts();
  private watching: NodeJS.Timeout | null = null;
  private readonly ending = new WeakSet<WorkerHandle>();

  constructor(private readonly options: WorkerPoolOptions) {
    const { http, tls } = options.sockets;
    this.fds = http.map((fd, i) => ({ http: fd, tls: tls?.[i] ?? null }));
    const { LAPIDARY_ROUTER_WORKERS: workers, LAPIDARY_WORKER_SILENT_MS: silentMsMax } = options.config;
    this.policy = createPolicyMemory(workers);
    this.beats = createBeats(workers);
    this.watch = new HeartbeatWatch(this.beats, silentMsMax, lookEveryMs);
    options.directory.onChanged(() => this.tellDirectory());
  }

  async listen(): Promise<TrafficPorts> {
    const { config, metrics, logger } = this.options;
    // Workers have their own; this one is for explanations.
    this.identification = await Identification.from(config, metrics, logger);
    const ports = await Promise.all(Array.from({ length: config.LAPIDARY_ROUTER_WORKERS }, (_, i) => this.start(i)));
    if (config.LAPIDARY_WORKER_SILENT_MS > 0) this.watching = setInterval(() => this.endSilent(), lookEveryMs);
    return ports[0]!;
  }

  async drain(graceMs: number, relieved: boolean): Promise<void> {
    this.stopping = true;
    // Or the socket would stay open with nobody to accept from it.
    for (const { http, tls } of this.fds.splice(0)) {
      closeSync(http);
      if (tls !== null) closeSync(tls);
    }
    await Promise.all(this.workers.map((worker) => worker.drain(graceMs, relieved)));
    if (this.watching) clearInterval(this.watching);
    await this.identification?.stop();
  }

  problems(): readonly string[] {
    return this.serving.length === 0 ? ['no worker serves'] : [];
  }

  async looks(): Promise<readonly Look[]> {
    return answered(await Promise.all(this.serving.map((worker) => worker.ask('look', null))));
  }

  async metrics(): Promise<readonly MetricPages[]> {
    const { serving, counts } = this;
    this.options.metrics.lapidary_router_workers.set(serving.length);
    const told = await Promise.all(serving.map(async (worker) => ({ worker, pages: await worker.ask('metrics', null) })));
    const answered = told.flatMap(({ worker: { index, state }, pages }) => (pages && state !== 'gone' ? [{ index, pages }] : []));
    for (const { index, pages } of answered) counts.told(index, pages);
    return [...answered.map(({ pages }) => pages), ...(await counts.besides(new Set(answered.map(({ index }) => index))))];
  }

  identifyRules(): readonly IdentifyRule[] {
    return this.identification?.rules ?? [];
  }

  tokenFacts(host: string, path: string, token: string): Promise<TokenFacts> {
    return tokenFactsOf(this.identification, host, path, token);
  }

  async foresee(tenant: TenantRoute, stamp: StampRoute): Promise<Foreseen> {
    const foreseen = await this.serving[0]?.ask('foresee', { tenant, stamp });
    if (!foreseen) throw new AppError('not_ready', 'No worker answers.');
    return foreseen;
  }

  private get serving(): WorkerHandle[] {
    return this.workers.filter(({ state }) => state === 'serving');
  }

  /** The ports, once it listens. `index`: its place among the workers, which nobody else has. */
  private start(index: number): Promise<TrafficPorts> {
    const { config, directory, workerFile, refreshTenant, logger } = this.options;
    const fds = this.fds.shift();
    if (fds === undefined) return Promise.reject(new AppError('not_ready', 'There is no descriptor left for another worker.'));
    this.memory = directory.current?.memory ?? null;
    opensAll(this.open, index);
    return new Promise((resolve, reject) => {
      const worker = new WorkerHandle(
        workerFile,
        {
          config,
          httpFd: fds.http,
          tlsFd: fds.tls,
          open: this.open,
          memory: this.memory,
          shared: { memory: this.policy, worker: index },
          beats: this.beats,
        },
        {
          refreshTenant,
          onError: (error) => logger.error({ err: error }, 'a worker failed'),
          onListening: (ports) => {
            // What was swapped while it started.
            const memory = directory.current?.memory;
            if (memory) worker.tell({ type: 'directory', memory });
            this.watch.begin(index, performance.now());
            resolve(ports);
          },
          onGone: (wasTold) => {
            reject(new AppError('not_ready', 'A worker ended before it served.'));
            this.onGone(worker, wasTold);
          },
        },
      );
      this.workers.push(worker);
    });
  }

  private onGone(worker: WorkerHandle, wasTold: boolean): void {
    this.workers = this.workers.filter((other) => other !== worker);
    closedAll(this.open, worker.index);
    freePlacesOf(this.policy, worker.index);
    freeProbesOf(this.policy, worker.index);
    freeCompanyOf(this.policy, worker.index);
    this.counts.ended(worker.index);
    if (wasTold || this.stopping) return;
    this.failures = performance.now() - worker.startedMs > steadyAfterMs ? 0 : this.failures + 1;
    this.options.metrics.lapidary_router_worker_deaths_total.inc();
    this.options.logger.error({ others: this.serving.length, sockets: this.fds.length }, 'a worker died; another takes its place');
    setTimeout(() => this.replace(worker.index), backOffMs(this.failures, restartFirstMs, restartMaxMs));
  }

  private replace(index: number): void {
    if (this.stopping) return;
    if (this.fds.length === 0) return this.options.onSpent('sockets');
    // Its end is told by onGone, too.
    this.start(index).catch(() => undefined);
  }

  private endSilent(): void {
    const silent = this.watch.silent(performance.now());
    if (silent.length === 0) return;
    const serving = this.serving.map(({ index }) => index);
    const ended = toEnd(silent, serving, this.workers.length, (worker) => this.watch.isSilentForLong(worker));
    for (const worker of this.workers) if (ended.includes(worker.index) && worker.state !== 'starting') void this.endHung(worker);
  }

  private async endHung(worker: WorkerHandle): Promise<void> {
    const { logger, metrics, config, onSpent } = this.options;
    if (this.ending.has(worker)) return;
    this.ending.add(worker);
    metrics.lapidary_router_worker_hangs_total.inc();
    logger.error({ silentMs: config.LAPIDARY_WORKER_SILENT_MS, others: this.serving.length - 1 }, 'a worker hangs; it is ended');
    if (await worker.end(endMsMax)) return;
    logger.error('a worker that hangs can’t be ended; another process has to take over');
    if (!this.stopping) onSpent('stuck');
  }

  private tellDirectory(): void {
    const memory = this.options.directory.current?.memory ?? null;
    if (memory === null || memory === this.memory) return;
    this.memory = memory;
    for (const worker of this.workers) worker.tell({ type: 'directory', memory });
  }
}

const answered = <T>(answers: readonly (T | undefined)[]): T[] => answers.filter((answer) => answer !== undefined);
