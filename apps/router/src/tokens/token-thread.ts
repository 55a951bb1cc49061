import { Worker } from 'node:worker_threads';
import type { JSONWebKeySet } from 'jose';
import type { Logger } from '@lapidary/telemetry/logger';
import type { TokenRules } from '../identification/identify-config.js';
import type { FromWorker, ToWorker, Verdict } from './token-worker.js';

/** A check takes a fraction of a millisecond, all that may wait some hundred: a thread that needs longer is stuck. */
const answerMs = 2_000;
/** Loading takes a few hundred milliseconds on an idle machine; who asks meanwhile waits for that too. */
const startMs = 10_000;
/** A thread that dies at once, again and again, must not use up the machine. */
const restartMs = 1_000;

/** Sources are run in tests, builds in production; Node takes both. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './token-worker.ts' : './token-worker.js', import.meta.url);

interface Waiter {
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
  /** null while the thread is being loaded. */
  timer: NodeJS.Timeout | null;
}

/** The thread that checks tokens. When it dies, whoever waits hears so, and another one is started. */
export class TokenThread {
  private worker: Worker | null = null;
  private restart: NodeJS.Timeout | null = null;
  private keys: Extract<ToWorker, { kind: 'keys' }> | null = null;
  private readonly waiting = new Map<number, Waiter>();
  private lastId = 0;
  private starting: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly rules: TokenRules,
    private readonly logger: Logger,
  ) {
    this.launch();
  }

  /** Rejects where the thread has died or is stuck. */
  check(token: string): Promise<Verdict> {
    const { worker } = this;
    if (worker === null) return Promise.reject(new Error('the thread is being started'));
    const id = (this.lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = this.starting === null ? this.patience(worker, id) : null;
      this.waiting.set(id, { resolve, reject, timer });
      worker.postMessage({ kind: 'token', id, token } satisfies ToWorker);
    });
  }

  /** What is asked from now on is checked by these. */
  useKeys(keys: JSONWebKeySet): void {
    const { issuer, audience, algorithms, claim, skewSeconds } = this.rules;
    // RFC 8725 §3.8–3.10: a token that doesn't say these was made for somebody else, or for ever.
    const options = { issuer, audience, algorithms: [...algorithms], requiredClaims: ['exp', claim], clockTolerance: skewSeconds };
    this.keys = { kind: 'keys', keys, options, claim };
    this.worker?.postMessage(this.keys);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.restart) clearTimeout(this.restart);
    if (this.starting) clearTimeout(this.starting);
    await this.worker?.terminate();
  }

  private launch(): void {
    const worker = new Worker(workerUrl, { name: 'tokens' });
    worker.unref();
    this.starting = setTimeout(() => void worker.terminate(), startMs).unref();
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') this.started(worker);
      else this.take(message.id)?.resolve(message);
    });
    worker.on('error', (error) => this.logger.error({ err: error }, 'the thread that checks tokens failed'));
    worker.on('exit', () => this.exited(worker));
    if (this.keys) worker.postMessage(this.keys);
    this.worker = worker;
  }

  private started(worker: Worker): void {
    if (this.starting) clearTimeout(this.starting);
    this.starting = null;
    for (const [id, waiter] of this.waiting) waiter.timer = this.patience(worker, id);
  }

  private patience(worker: Worker, id: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.take(id)?.reject(new Error('the thread gives no answer'));
      void worker.terminate();
    }, answerMs);
  }

  private exited(worker: Worker): void {
    if (this.worker !== worker) return;
    if (this.starting) clearTimeout(this.starting);
    this.worker = null;
    for (const id of [...this.waiting.keys()]) this.take(id)?.reject(new Error('the thread has ended'));
    if (this.stopped) return;
    this.restart = setTimeout(() => this.launch(), restartMs);
    this.restart.unref();
  }

  private take(id: number): Waiter | undefined {
    const waiter = this.waiting.get(id);
    if (waiter?.timer) clearTimeout(waiter.timer);
    this.waiting.delete(id);
    return waiter;
  }
}
