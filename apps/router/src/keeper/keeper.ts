import { setTimeout as sleep } from 'node:timers/promises';
import type { RouterConfig } from '@lapidary/config/router';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { checkTransitions } from '@lapidary/kernel/transition-table';
import type { Logger } from '@lapidary/telemetry/logger';
import { drainMs } from '../shutdown.js';
import type { RouterPorts } from '../router.js';
import { placesOf, SocketHolder } from './held-sockets.js';
import { runBeatMs, type RunCause, type RunCounts } from './keeper-messages.js';
import { Run } from './run.js';
import { keptRunTable } from './run-states.js';

checkTransitions(keptRunTable);

/** A million tenants from disk take seconds; one that takes longer is stuck. */
const servesWithinMs = 60_000;
/** Closing an admin port takes milliseconds. */
const releaseMs = 2_000;
const restartFirstMs = 100;
/** Connections wait in the queue meanwhile; clients' patience ends after seconds. */
const restartMaxMs = 5_000;
const steadyAfterMs = 10_000;
/** Its main thread also loads a million tenants, which takes a second or two: it may be silent for so much longer than a worker. */
const runSilentTimes = 3;
const runSilentMsMin = 5_000;

export interface KeeperOptions {
  readonly config: RouterConfig;
  /** Reads the configuration anew; throws `config_invalid`. */
  readonly readConfig: () => RouterConfig;
  readonly logger: Logger;
}

type ReplaceCause = Exclude<RunCause, 'start' | 'death' | 'refused'>;
type KeptPorts = Omit<RouterPorts, 'dnsPort'>;

/** Built beside this folder. */
const runFile = new URL('../kept-main.js', import.meta.url);

/** Holds the listening sockets, and has one process of the router serve from them (K1–K7). */
export class Keeper {
  private holder!: SocketHolder;
  private leader: Run | null = null;
  private readonly runs = new Set<Run>();
  private readonly counts: Record<RunCause, number> = { start: 0, reload: 0, death: 0, sockets: 0, stuck: 0, hung: 0, refused: 0 };
  private config: RouterConfig;
  private failures = 0;
  private stopping = false;
  private watching: NodeJS.Timeout | null = null;
  private isRelieving = false;
  /** One change at a time. */
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly options: KeeperOptions) {
    this.config = options.config;
  }

  /** Throws when the sockets can't be opened, or the first process doesn't come to serve. */
  async start(): Promise<KeptPorts> {
    this.holder = await SocketHolder.open(placesOf(this.config));
    const run = await this.serving('start', this.config, this.holder, false);
    this.lead(run);
    this.watching = setInterval(() => this.watch(), runBeatMs);
    const { http, admin, tls } = this.holder.sockets;
    return { trafficPort: http.port, adminPort: admin.port, tlsPort: tls?.port };
  }

  /** Puts another process in the place of the one that leads: at a reload with the configuration as it is written now, which changes nothing where it is no good. */
  reload(cause: ReplaceCause): void {
    this.next(() => this.replace(cause));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.watching) clearInterval(this.watching);
    await this.holder.close();
    await Promise.all([...this.runs].map((run) => run.drain(drainMs, false, this.config.LAPIDARY_STOP_DELAY_MS)));
    await this.turn;
  }

  /** At once, and nothing is waited for. */
  kill(): void {
    for (const { pid } of this.runs) if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  private next(change: () => Promise<void>): void {
    this.turn = this.turn.then(async () => {
      if (this.stopping) return;
      await change().catch((error: unknown) => this.options.logger.error({ err: error }, 'the keeper failed'));
    });
  }

  private async replace(cause: ReplaceCause): Promise<void> {
    const { logger } = this.options;
    let holder = this.holder;
    try {
      // What is written down takes effect when somebody says so (K3).
      const config = cause === 'reload' ? this.options.readConfig() : this.config;
      if (!holder.holds(placesOf(config))) holder = await SocketHolder.open(placesOf(config));
      const run = await this.serving(cause, config, holder, this.leader !== null);
      const old = this.leader;
      if (cause !== 'hung') await old?.release(releaseMs);
      this.lead(run);
      this.config = config;
      if (holder !== this.holder) await this.holder.close();
      this.holder = holder;
      if (cause === 'hung') old?.kill();
      else void old?.drain(drainMs, true);
      logger.info({ pid: run.pid, cause }, 'another process leads');
    } catch (error) {
      if (holder !== this.holder) await holder.close();
      this.count('refused');
      logger.error({ err: toAppError(error) }, 'nothing was replaced: the process that leads goes on');
    }
  }

  private async revive(): Promise<void> {
    while (this.leader === null && !this.stopping) {
      await sleep(backOffMs(this.failures, restartFirstMs, restartMaxMs));
      this.failures += 1;
      try {
        this.lead(await this.serving('death', this.config, this.holder, false));
      } catch (error) {
        this.options.logger.error({ err: error }, 'the router could not be started again');
      }
    }
  }

  /** A process that serves, or an error. */
  private async serving(cause: RunCause, config: RouterConfig, holder: SocketHolder, relieves: boolean): Promise<Run> {
    this.count(cause);
    const run: Run = new Run({
      file: runFile,
      sockets: holder.sockets,
      config,
      relieves,
      onSpent: (spent) => this.reload(spent),
      onGone: (wasTold) => this.onGone(run, wasTold),
    });
    this.runs.add(run);
    if (await run.serves(servesWithinMs)) return run;
    await run.drain(0, true);
    throw new AppError('not_ready', 'A process of the router ended before it served, or took too long.');
  }

  /** Looked at behind what has come meanwhile: it may be this process that stood still. */
  private watch(): void {
    const silentMs = this.config.LAPIDARY_WORKER_SILENT_MS;
    const silentMsMax = Math.max(runSilentMsMin, runSilentTimes * silentMs);
    const isSilent = (): boolean => this.leader !== null && this.leader.silentMs(performance.now()) > silentMsMax;
    if (silentMs === 0 || this.isRelieving || !isSilent()) return;
    setImmediate(() => {
      if (this.isRelieving || !isSilent()) return;
      this.isRelieving = true;
      this.options.logger.error({ pid: this.leader?.pid }, 'the router hangs; another process is put in its place');
      this.next(() => this.replace('hung').finally(() => (this.isRelieving = false)));
    });
  }

  private lead(run: Run): void {
    // It may have died since it said that it serves.
    if (run.state !== 'serving') return this.next(() => this.revive());
    this.leader = run;
    run.lead();
    this.tellCounts();
  }

  private onGone(run: Run, wasTold: boolean): void {
    this.runs.delete(run);
    if (run !== this.leader) return;
    this.leader = null;
    if (wasTold || this.stopping) return;
    if (performance.now() - run.startedMs > steadyAfterMs) this.failures = 0;
    this.options.logger.error({ pid: run.pid }, 'the router died; another is started');
    this.next(() => this.revive());
  }

  private count(cause: RunCause): void {
    this.counts[cause] += 1;
    this.tellCounts();
  }

  private tellCounts(): void {
    this.leader?.tell({ type: 'counts', counts: { ...this.counts } satisfies RunCounts });
  }
}
