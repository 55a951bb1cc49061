import path from 'node:path';
import { boundLog } from './log-file.js';
import type { Launch } from './launch.js';
import { ManagedProcess, type ManagedProcessOptions, type Pace, type ProcessSnapshot } from './managed-process.js';
import type { FleetPaths } from './paths.js';
import { endOfLog } from './end-of-log.js';

/** Logs are looked at this often; in between a process that babbles at 10 MB/s writes 100 MB. */
const logCheckMs = 10_000;
/** A fleet that takes longer to boot has a problem that waiting does not solve. */
const bootMsMax = 120_000;
/** Crashes before it ever answered, after which a boot is given up: it would crash for ever. */
const bootCrashesMax = 5;

export interface SupervisorOptions {
  readonly paths: FleetPaths;
  readonly report: (line: string) => void;
  /** Called after every change of any process: the run file is written anew. */
  readonly onChange: () => void;
  readonly pace?: Partial<Pace>;
}

/** The processes of the fleet, by name, and everything the terminal is told about them. */
export class Supervisor {
  private readonly processes = new Map<string, ManagedProcess>();
  private readonly everReady = new Set<string>();
  private readonly waiters = new Set<() => void>();
  private readonly logTimer: NodeJS.Timeout;
  private stopping = false;

  constructor(private readonly options: SupervisorOptions) {
    this.logTimer = setInterval(() => this.boundLogs(), logCheckMs);
    this.logTimer.unref();
  }

  /** How any process of this fleet is kept; also for those of the process folder. */
  processOptions(name: string): Omit<ManagedProcessOptions, 'onChange'> {
    const { paths, pace = {} } = this.options;
    return { logFile: paths.log(name), pidDir: paths.pids, pace };
  }

  start(launch: Launch): void {
    if (this.stopping) return;
    const process = new ManagedProcess(launch, { ...this.processOptions(launch.name), onChange: (snapshot) => this.noteChange(snapshot) });
    this.processes.set(launch.name, process);
    process.start();
  }

  get snapshots(): ProcessSnapshot[] {
    return [...this.processes.values()].map((process) => process.snapshot);
  }

  /** Tells the terminal, and whoever waits. Also called for the processes of the process folder. */
  noteChange(snapshot: ProcessSnapshot): void {
    const { name, state, pid, lastExit, retryInMs } = snapshot;
    if (state === 'ready') {
      if (this.everReady.has(name)) this.options.report(`${name} is back (process ${pid})`);
      this.everReady.add(name);
    }
    if (state === 'backing-off' && !this.stopping) {
      const seconds = ((retryInMs ?? 0) / 1000).toFixed(1);
      this.options.report(`${name} ended (${lastExit}); started again in ${seconds} s. Log: ${this.shortLog(name)}`);
    }
    this.options.onChange();
    for (const wake of this.waiters) wake();
  }

  /** Resolves when all of them have answered; throws with the end of the log where one can't. */
  async allReady(names: readonly string[]): Promise<void> {
    const deadline = Date.now() + bootMsMax;
    for (;;) {
      const waitingFor = names.filter((name) => !this.everReady.has(name));
      if (waitingFor.length === 0) return;
      if (this.stopping) throw new Error('stopped while booting');
      for (const name of waitingFor) {
        const snapshot = this.processes.get(name)?.snapshot;
        if (snapshot && snapshot.restarts >= bootCrashesMax)
          throw new Error(`${name} does not start (${snapshot.lastExit}). The end of ${this.shortLog(name)}:\n${this.logEnd(name)}`);
      }
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(
          `${waitingFor.join(', ')} not ready after ${bootMsMax / 1000} s. The end of ${this.shortLog(waitingFor[0]!)}:\n${this.logEnd(waitingFor[0]!)}`,
        );
      await this.nextChange(left);
    }
  }

  /** One of them, and it is not started again by itself; another one may be, under its name. Killed where it is not gone after `graceMs`. */
  async end(name: string, graceMs: number): Promise<void> {
    await this.processes.get(name)?.stop(graceMs);
    this.processes.delete(name);
    this.everReady.delete(name);
  }

  /** From now on nothing is started any more: a boot that is still under way ends. */
  beginStopping(): void {
    this.stopping = true;
    for (const wake of this.waiters) wake();
  }

  /** All that `matches`, at once; what is not gone after `graceMs` is killed. */
  async stop(matches: (name: string) => boolean, graceMs: number): Promise<void> {
    this.beginStopping();
    await Promise.all([...this.processes].filter(([name]) => matches(name)).map(([, process]) => process.stop(graceMs)));
  }

  close(): void {
    clearInterval(this.logTimer);
  }

  private nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.waiters.add(done);
    });
  }

  private shortLog(name: string): string {
    return path.relative(process.cwd(), this.options.paths.log(name));
  }

  private logEnd(name: string): string {
    return endOfLog(this.options.paths.log(name));
  }

  private boundLogs(): void {
    for (const name of this.everReady) boundLog(this.options.paths.log(name));
  }
}
