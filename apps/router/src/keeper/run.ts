import { fork, type ChildProcess } from 'node:child_process';
import { childEnvironment } from '@lapidary/config/load';
import type { RouterConfig } from '@lapidary/config/router';
import { nextState } from '@lapidary/kernel/transition-table';
import { cameTrue } from '../leave.js';
import type { HeldSockets } from './held-sockets.js';
import type { FromRun, SpentCause, ToRun } from './keeper-messages.js';
import { keptRunTable, type RunEvent, type RunState } from './run-states.js';

/** Workers that may die before the whole process has to be replaced for new descriptors; at the pool's back-off a crash loop takes a minute. */
const spareSockets = 16;
/** Standard input, output and error, and the channel to the keeper. */
const firstFd = 4;
/** A process that is drained still writes its copy of the directory, and its last lines of logs and traces. */
const endsAfterMs = 10_000;

export interface RunOptions {
  /** Built program. */
  readonly file: URL;
  readonly sockets: HeldSockets;
  readonly config: RouterConfig;
  readonly relieves: boolean;
  readonly onSpent: (cause: SpentCause) => void;
  /** `wasTold`: it was told to drain. */
  readonly onGone: (wasTold: boolean) => void;
}

/** The keeper's side of one process of the router. */
export class Run {
  state: RunState = keptRunTable.initial;
  readonly startedMs = performance.now();
  private readonly child: ChildProcess;
  private readonly gone: Promise<void>;
  private released = false;
  private heardAtMs = performance.now();

  constructor(private readonly options: RunOptions) {
    const { file, sockets, config, relieves } = options;
    const { http, tls, admin } = sockets;
    const workers = config.LAPIDARY_ROUTER_WORKERS;
    // Each entry is a descriptor of its own of the same socket.
    const own = (of: { readonly fd: number }): number[] => Array.from({ length: workers + spareSockets }, () => of.fd);
    const given = [own(http), tls ? own(tls) : [], [admin.fd]];
    // It reads no settings itself: those that are written down by now may not be in force, or be no good (K3).
    const env = childEnvironment();
    this.child = fork(file, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...given.flat()] });
    this.child.on('message', (message: FromRun) => this.hear(message));
    // Sending to one that has just died.
    this.child.on('error', () => undefined);
    this.gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve())).then(() => this.onExit());
    let next = firstFd;
    const [httpFds, tlsFds, adminFds] = given.map((fds) => fds.map(() => next++)) as [number[], number[], [number]];
    this.tell({ type: 'start', config, relieves, sockets: { http: httpFds, tls: tls && tlsFds, admin: adminFds[0] } });
  }

  /** Since its main thread was last heard; nobody listens to it before it serves. */
  silentMs(nowMs: number): number {
    return this.state === 'serving' || this.state === 'leading' ? nowMs - this.heardAtMs : 0;
  }

  /** At once. Its end is told as a death. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it serves, within the time. */
  async serves(withinMs: number): Promise<boolean> {
    await cameTrue(() => this.state !== 'starting', withinMs);
    return this.state === 'serving';
  }

  lead(): void {
    this.move('lead');
    this.tell({ type: 'lead' });
  }

  /** Gives up what it leads with; in order or not, it is over within the time. */
  async release(withinMs: number): Promise<void> {
    this.tell({ type: 'release' });
    await cameTrue(() => this.released || this.state === 'gone', withinMs);
  }

  /** Ends it, by force when it takes too long. `waitsMs`: for how long it goes on before. */
  async drain(graceMs: number, relieved: boolean, waitsMs = 0): Promise<void> {
    if (this.state !== 'draining' && this.state !== 'gone') {
      this.move('drain');
      this.tell({ type: 'drain', graceMs, relieved });
    }
    const kill = setTimeout(() => this.child.kill('SIGKILL'), waitsMs + graceMs + endsAfterMs);
    await this.gone;
    clearTimeout(kill);
  }

  tell(message: ToRun): void {
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private hear(message: FromRun): void {
    this.heardAtMs = performance.now();
    if (message.type === 'listening' && this.state === 'starting') this.move('listening');
    if (message.type === 'released') this.released = true;
    if (message.type === 'spent') this.options.onSpent(message.cause);
  }

  private onExit(): void {
    const wasTold = this.state === 'draining';
    this.move('ended');
    this.options.onGone(wasTold);
  }

  private move(event: RunEvent): void {
    this.state = nextState(keptRunTable, this.state, event);
  }
}
