import { fork, type ChildProcess } from 'node:child_process';
import { childEnvironment } from '@lapidary/config/load';
import { PlannerMessageSchema, type PlannerCommand, type SynthRequest, type Synthesis } from '@lapidary/contracts/planner-protocol';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { AppError } from '@lapidary/kernel/app-error';
import { OutputTail } from './output-tail.js';
import { plannerAnswerMs, plannerIdleMs, plannerResidentBytesMax, plannerWaitingMax } from './provision-limits.js';
import { catalogueCodeOf, type ProvisionResult } from './provisioner-child.js';

export interface PlannerOptions {
  /** Absolute path of the planner's program. */
  readonly script: string;
  readonly cwd: string;
  readonly answerMs?: number;
  readonly idleMs?: number;
  readonly residentBytesMax?: number;
}

type Question = { readonly type: 'synth'; readonly request: SynthRequest } | { readonly type: 'run'; readonly run: ProvisionRun };
type Answer = Synthesis | ProvisionResult;

interface Waiting {
  readonly question: Question;
  readonly settle: PromiseWithResolvers<Answer>;
  readonly timer: NodeJS.Timeout;
  /** The planner it was put to died once before its answer; twice, and the question itself is to blame. */
  repeated: boolean;
}

/**
 * The long-lived child that renders and previews (planner-protocol.ts). Started by the first question and kept warm; ends after
 * a while without questions. One that dies is replaced and asked again, since it only reads; one that has grown is replaced
 * when it has nothing to answer.
 */
export class PlannerProcess {
  private child: ChildProcess | undefined;
  private tail = new OutputTail();
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private idle: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: PlannerOptions) {}

  /** What the template renders for a spec. */
  async synthesize(request: SynthRequest, signal?: AbortSignal): Promise<Synthesis> {
    return (await this.ask({ type: 'synth', request }, signal)) as Synthesis;
  }

  /** A preview or a look for drift. */
  async read(run: ProvisionRun & { operation: 'preview' | 'drift' }, signal?: AbortSignal): Promise<ProvisionResult> {
    return (await this.ask({ type: 'run', run }, signal)) as ProvisionResult;
  }

  close(): void {
    this.closed = true;
    this.end();
    for (const id of [...this.waiting.keys()]) this.reject(id, new AppError('not_ready', 'This control plane is shutting down'));
  }

  /** Nest's hook. */
  onApplicationShutdown(): void {
    this.close();
  }

  private async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    if (this.closed) throw new AppError('not_ready', 'This control plane is shutting down');
    if (this.waiting.size >= plannerWaitingMax) throw new AppError('overloaded', 'Too many plans are being made at once');
    const id = this.nextId++;
    const settle = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => this.giveUp(id), this.options.answerMs ?? plannerAnswerMs);
    this.waiting.set(id, { question, settle, timer, repeated: false });
    const abort = (): void => this.abandon(id, signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    this.put(id, question);
    try {
      return await settle.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private put(id: number, question: Question): void {
    clearTimeout(this.idle);
    this.tell({ ...question, id });
  }

  private tell(command: PlannerCommand): void {
    this.child ??= this.start();
    if (this.child.connected) this.child.send(command, () => undefined);
  }

  private start(): ChildProcess {
    const child = fork(this.options.script, [], {
      execPath: process.execPath,
      execArgv: [],
      cwd: this.options.cwd,
      env: childEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const tail = new OutputTail();
    this.tail = tail;
    child.stdout?.on('data', (chunk: Buffer) => tail.add(chunk));
    child.stderr?.on('data', (chunk: Buffer) => tail.add(chunk));
    child.on('message', (message) => this.take(child, message));
    child.on('error', () => this.died(child));
    child.on('close', () => this.died(child));
    return child;
  }

  private take(child: ChildProcess, raw: unknown): void {
    const parsed = PlannerMessageSchema.safeParse(raw);
    if (child !== this.child || !parsed.success || parsed.data.type === 'ready') return;
    const { id, residentBytes } = parsed.data;
    if (parsed.data.type === 'synthesis') this.resolve(id, parsed.data.synthesis);
    else if (parsed.data.answer.type === 'result') this.resolve(id, parsed.data.answer);
    else {
      const { code, message, details } = parsed.data.answer;
      this.reject(id, new AppError(catalogueCodeOf(code, 'plan_failed'), message, { details: { ...details, engineCode: code } }));
    }
    if (this.waiting.size > 0) return;
    if (residentBytes > (this.options.residentBytesMax ?? plannerResidentBytesMax)) return this.end();
    this.idle = setTimeout(() => this.end(), this.options.idleMs ?? plannerIdleMs).unref();
  }

  private died(child: ChildProcess): void {
    if (child !== this.child) return;
    this.child = undefined;
    for (const [id, waiting] of this.waiting) {
      if (waiting.repeated) {
        const details = this.tail.isEmpty ? {} : { output: this.tail.text };
        this.reject(id, new AppError('plan_failed', 'The planner ended twice before it had an answer', { details }));
      } else {
        waiting.repeated = true;
        this.put(id, waiting.question);
      }
    }
  }

  private giveUp(id: number): void {
    const seconds = (this.options.answerMs ?? plannerAnswerMs) / 1000;
    this.abandon(id, new AppError('timeout', `There was no plan after ${seconds} s`));
  }

  private abandon(id: number, reason: Error): void {
    if (this.child?.connected) this.child.send({ type: 'cancel', id } satisfies PlannerCommand, () => undefined);
    this.reject(id, reason);
  }

  private resolve(id: number, answer: Answer): void {
    this.settled(id)?.resolve(answer);
  }

  private reject(id: number, reason: Error): void {
    this.settled(id)?.reject(reason);
  }

  private settled(id: number): PromiseWithResolvers<Answer> | undefined {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    this.waiting.delete(id);
    return waiting.settle;
  }

  /** It only reads, so it needs no notice. */
  private end(): void {
    clearTimeout(this.idle);
    const child = this.child;
    this.child = undefined;
    child?.kill('SIGKILL');
  }
}
