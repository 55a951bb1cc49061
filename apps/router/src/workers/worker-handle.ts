import { Worker } from 'node:worker_threads';
import { nextState } from '@lapidary/kernel/transition-table';
import { cameTrue } from '../leave.js';
import type { TrafficPorts } from '../takers.js';
import type { FromWorker, Question, Questions, ToWorker, WorkerStart } from './worker-messages.js';
import { workerTable, type WorkerEvent, type WorkerState } from './worker-states.js';

/** A worker in a long computation answers later than this; its numbers are missing from one page. */
const answerMsMax = 1_000;

export interface WorkerEvents {
  readonly onListening: (ports: TrafficPorts) => void;
  /** Fetches the tenant's newest entry. */
  readonly refreshTenant: (tenant: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** `wasTold`: it was told to drain. */
  readonly onGone: (wasTold: boolean) => void;
}

/** The main thread's side of one worker. */
export class WorkerHandle {
  state: WorkerState = workerTable.initial;
  readonly startedMs = performance.now();
  private readonly thread: Worker;
  private readonly gone: Promise<void>;
  private readonly answers = new Map<number, (answer: unknown) => void>();
  private asked = 0;

  readonly index: number;

  constructor(
    file: URL,
    start: WorkerStart,
    private readonly events: WorkerEvents,
  ) {
    this.index = start.shared.worker;
    this.thread = new Worker(file, { workerData: start });
    this.thread.on('error', events.onError);
    this.thread.on('message', (message: FromWorker) => this.hear(message));
    // once() of node:events would fail with its error.
    this.gone = new Promise<void>((resolve) => this.thread.once('exit', () => resolve())).then(() => {
      const wasTold = this.state === 'draining';
      this.move('ended');
      for (const settle of [...this.answers.values()]) settle(undefined);
      events.onGone(wasTold);
    });
  }

  /** undefined: no answer in time, or the worker is gone. */
  ask<Q extends Question>(type: Q, ask: Questions[Q]['ask']): Promise<Questions[Q]['answer'] | undefined> {
    return new Promise((resolve) => {
      const id = (this.asked += 1);
      const settle = (answer: unknown): void => {
        clearTimeout(timer);
        this.answers.delete(id);
        resolve(answer as Questions[Q]['answer'] | undefined);
      };
      const timer = setTimeout(() => settle(undefined), answerMsMax);
      this.answers.set(id, settle);
      this.tell({ type, id, ask } as ToWorker);
    });
  }

  tell(message: ToWorker): void {
    this.thread.postMessage(message);
  }

  async drain(graceMs: number, relieved: boolean): Promise<void> {
    if (this.state === 'gone') return;
    if (this.state !== 'draining') {
      this.move('drain');
      this.tell({ type: 'drain', graceMs, relieved });
    }
    await this.gone;
  }

  /** Ends it in the middle of whatever it does. Whether that came about within the time. */
  async end(withinMs: number): Promise<boolean> {
    void this.thread.terminate();
    return cameTrue(() => this.state === 'gone', withinMs);
  }

  private hear(message: FromWorker): void {
    switch (message.type) {
      case 'listening':
        if (this.state === 'starting') this.move('listening');
        return this.events.onListening(message.ports);
      case 'answer':
        return this.answers.get(message.id)?.(message.answer);
      case 'refresh':
        return void this.events.refreshTenant(message.tenant).finally(() => this.tell({ type: 'refreshed', id: message.id }));
    }
  }

  private move(event: WorkerEvent): void {
    this.state = nextState(workerTable, this.state, event);
  }
}
