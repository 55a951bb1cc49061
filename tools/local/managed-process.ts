import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { backOffMs } from '@lapidary/kernel/back-off';
import { nextState } from '@lapidary/kernel/transition-table';
import { launchProcess, type Launch } from './launch.js';
import { beginLog } from './log-file.js';
import { forgetPid, recordPid, signalGroup } from './orphans.js';
import { processStates, type ProcessEvent, type ProcessState } from './process-states.js';
import { isReady } from './ready-probe.js';

export interface ProcessSnapshot {
  readonly name: string;
  readonly state: ProcessState;
  readonly pid: number | null;
  readonly restarts: number;
  readonly lastExit: string | null;
  /** Pause before the next start, while backing off. */
  readonly retryInMs: number | null;
}

export interface Pace {
  /** Before the first restart: short, since most crashes are single. */
  readonly backOffFirstMs: number;
  /** A process that can't start at all costs a start every so often. */
  readonly backOffMaxMs: number;
  /** Ready for this long counts as recovered: the next crash is a first one again. */
  readonly stableMs: number;
  readonly probeIntervalMs: number;
}

export const defaultPace: Pace = { backOffFirstMs: 250, backOffMaxMs: 10_000, stableMs: 10_000, probeIntervalMs: 75 };

export interface ManagedProcessOptions {
  readonly logFile: string;
  /** Where running children are written down (orphans.ts). */
  readonly pidDir: string;
  readonly onChange?: (snapshot: ProcessSnapshot) => void;
  readonly pace?: Partial<Pace>;
}

/** Keeps one process running until told otherwise: started, watched, started again with back-off when it ends by itself. */
export class ManagedProcess {
  private state: ProcessState = processStates.initial;
  private child: ChildProcess | null = null;
  private restarts = 0;
  private crashesInARow = 0;
  private lastExit: string | null = null;
  private retryInMs: number | null = null;
  private readySinceMs: number | null = null;
  private ended: Promise<void> = Promise.resolve();
  /** Ends probing and pauses of the present life of the process. */
  private life = new AbortController();
  private readonly pace: Pace;

  constructor(
    readonly launch: Launch,
    private readonly options: ManagedProcessOptions,
  ) {
    this.pace = { ...defaultPace, ...options.pace };
  }

  get snapshot(): ProcessSnapshot {
    return {
      name: this.launch.name,
      state: this.state,
      pid: this.child?.pid ?? null,
      restarts: this.restarts,
      lastExit: this.lastExit,
      retryInMs: this.retryInMs,
    };
  }

  start(): void {
    beginLog(this.options.logFile);
    this.begin();
  }

  /** Resolves when nothing of it runs any more. After `graceMs` it is killed; a call with a shorter grace hurries an earlier one. */
  async stop(graceMs: number): Promise<void> {
    if (this.state !== 'stopping') {
      this.life.abort();
      if (this.move('stop') === 'stopping') this.child?.kill(this.launch.stopSignal);
    }
    const child = this.child;
    const timer = setTimeout(() => child?.pid !== undefined && signalGroup(child.pid, 'SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  private move(event: ProcessEvent): ProcessState {
    this.state = nextState(processStates, this.state, event);
    this.options.onChange?.(this.snapshot);
    return this.state;
  }

  private begin(): void {
    this.life = new AbortController();
    this.retryInMs = null;
    this.ended = this.runOnce(this.life.signal);
  }

  /** One life of the process, from preparation to its end. */
  private async runOnce(signal: AbortSignal): Promise<void> {
    this.move('launch');
    try {
      await this.launch.beforeStart?.();
    } catch (error) {
      this.lastExit = `could not be prepared: ${error instanceof Error ? error.message : String(error)}`;
      return this.afterEnd();
    }
    // Stopped while it was being prepared: then it never starts.
    if (this.state !== 'starting') return this.afterEnd();
    const child = launchProcess(this.launch, this.options.logFile);
    const exit = exitOf(child);
    this.child = child;
    if (child.pid !== undefined) recordPid(this.options.pidDir, this.launch.name, child.pid, this.launch.stopSignal);
    // It may listen long before it is ready: whoever looks whose a port is must find its number by then.
    this.options.onChange?.(this.snapshot);
    void this.probe(signal);
    this.lastExit = await exit;
    // Whatever it started itself goes with it: two owners of one job or one port would be worse than a restart.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    forgetPid(this.options.pidDir, this.launch.name);
    this.child = null;
    this.afterEnd();
  }

  private afterEnd(): void {
    this.life.abort();
    if (this.state === 'stopping') return void this.move('ended');
    const stable = this.readySinceMs !== null && Date.now() - this.readySinceMs >= this.pace.stableMs;
    this.readySinceMs = null;
    this.crashesInARow = stable ? 0 : this.crashesInARow;
    this.retryInMs = backOffMs(this.crashesInARow, this.pace.backOffFirstMs, this.pace.backOffMaxMs);
    this.crashesInARow += 1;
    this.restarts += 1;
    this.move('exited');
    this.life = new AbortController();
    void this.retryAfter(this.retryInMs, this.life.signal);
  }

  private async retryAfter(pauseMs: number, signal: AbortSignal): Promise<void> {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) this.begin();
  }

  private async probe(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if ((await isReady(this.launch.ready)) && !signal.aborted) {
        this.readySinceMs = Date.now();
        return void this.move('answered');
      }
      await sleep(this.pace.probeIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** In words, for people: "exit code 1", "SIGKILL", "could not be started: ENOENT". */
const exitOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once(
      'error',
      (error: NodeJS.ErrnoException) => child.pid === undefined && resolve(`could not be started: ${error.code ?? error.message}`),
    );
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
