import { fork, type ChildProcess } from 'node:child_process';
import {
  ProvisionerMessageSchema,
  type ProvisionerCommand,
  type ProvisionerMessage,
  type ProvisionRun,
} from '@lapidary/contracts/provisioner-protocol';
import { childEnvironment } from '@lapidary/config/load';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import type { ErrorCode } from '@lapidary/kernel/error-catalogue';
import { stopCauseOf } from '../jobs/stop-reason.js';
import { OutputTail } from './output-tail.js';
import { childCancelGraceMs, childExitGraceMs, childShutdownGraceMs } from './provision-limits.js';

export type ProvisionResult = Extract<ProvisionerMessage, { type: 'result' }>;
export type ProvisionProgress = Extract<ProvisionerMessage, { type: 'resource' | 'log' }>;

export interface ChildOptions {
  /** Absolute path of the child's program. */
  readonly script: string;
  readonly cwd: string;
  readonly run: ProvisionRun;
  readonly signal: AbortSignal;
  /** Ends the child by force, whatever it was told before. */
  readonly kill?: AbortSignal;
  readonly onProgress: (message: ProvisionProgress) => void;
  /** Renewals of the stack's lease, passed on to the child. */
  readonly renewals?: { follow(tell: (untilMs: number) => void): void };
  /** The process has ended: not called where it is left behind. */
  readonly onGone?: () => void;
  readonly graces?: { readonly cancelMs: number; readonly shutdownMs: number; readonly exitMs: number };
}

const standardGraces = { cancelMs: childCancelGraceMs, shutdownMs: childShutdownGraceMs, exitMs: childExitGraceMs };

/** How the child's end is to be taken: `locked` waits for another child's lock, `crashed` and `failed` say whether again makes sense. */
export interface ChildFailure {
  readonly kind: 'locked' | 'failed' | 'crashed';
  readonly retry: boolean;
}

/** The failure of a child in an error of runProvisioner, or undefined where it is something else. */
export const childFailureOf = (error: unknown): ChildFailure | undefined =>
  isAppError(error) ? (error.details['child'] as ChildFailure | undefined) : undefined;

export type EngineFailure = Extract<ProvisionerMessage, { type: 'failure' }>;

const publicCodes = ['policy_refused', 'approval_needed', 'state_key_refused', 'state_key_unavailable', 'template_unavailable'] as const;

/** Refusals that people can do something about have a code of their own. */
export const catalogueCodeOf = (engineCode: string, otherwise: ErrorCode): ErrorCode =>
  publicCodes.find((code) => code === engineCode) ?? otherwise;

/** What the engine says while another operation holds the stack's state. */
const lockedCode = 'locked';

/**
 * One operation in one child: forked with the Node that runs us, told everything over IPC (secrets never touch its command line
 * or environment). Resolves with its result, throws provision_failed (childFailureOf) or the signal's reason. The child is
 * gone when this returns, except at shut-down, when it is left to save what it did: it ends by itself without its parent.
 */
export const runProvisioner = async (options: ChildOptions): Promise<ProvisionResult> => {
  options.signal.throwIfAborted();
  const child = fork(options.script, [], {
    execPath: process.execPath,
    execArgv: [],
    cwd: options.cwd,
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return await new ChildConversation(child, options).end();
};

class ChildConversation {
  private readonly tail = new OutputTail();
  private readonly settled = Promise.withResolvers<ProvisionResult>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private result: ProvisionResult | undefined;
  private failure: EngineFailure | undefined;
  private unreadable = 0;
  private readonly onAbort = (): void => this.stop();
  private readonly onKill = (): void => void this.child.kill('SIGKILL');

  constructor(
    private readonly child: ChildProcess,
    private readonly options: ChildOptions,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => this.tail.add(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.tail.add(chunk));
    child.on('message', (message) => this.take(message));
    child.on('error', (error) => this.finish(`could not be run: ${error.message}`));
    // "close" comes after "exit" once its output is read to the end.
    child.on('close', (code, signal) => {
      options.onGone?.();
      this.finish(signal ? `was killed by ${signal}` : `ended with code ${code}`);
    });
    options.renewals?.follow((untilMs) => this.tell({ type: 'lease', untilMs }));
    options.signal.addEventListener('abort', this.onAbort, { once: true });
    options.kill?.addEventListener('abort', this.onKill, { once: true });
    this.tell({ type: 'run', run: options.run });
  }

  async end(): Promise<ProvisionResult> {
    try {
      return await this.settled.promise;
    } finally {
      this.options.signal.removeEventListener('abort', this.onAbort);
      this.options.kill?.removeEventListener('abort', this.onKill);
      for (const timer of this.timers) clearTimeout(timer);
    }
  }

  private take(message: unknown): void {
    const parsed = ProvisionerMessageSchema.safeParse(message);
    if (!parsed.success) {
      this.unreadable++;
      if (this.unreadable === 1)
        this.options.onProgress({ type: 'log', level: 'warning', message: 'the provisioning child sends messages that can’t be read' });
      return;
    }
    if (this.result || this.failure) return;
    if (parsed.data.type === 'result') this.result = parsed.data;
    else if (parsed.data.type === 'failure') this.failure = parsed.data;
    else return this.options.onProgress(parsed.data);
    this.after(this.graces.exitMs, () => this.child.kill('SIGKILL'));
  }

  private stop(): void {
    this.tell({ type: 'cancel' });
    if (stopCauseOf(this.options.signal) === 'shutdown') this.after(this.graces.shutdownMs, () => this.leave());
    else this.after(this.graces.cancelMs, () => this.child.kill('SIGKILL'));
  }

  /** Closing the channel tells the child that its parent is gone; nothing of ours keeps this process alive for it. */
  private leave(): void {
    if (this.child.connected) this.child.disconnect();
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    this.child.unref();
    this.finish('was left to end by itself');
  }

  private finish(how: string): void {
    // A result counts even where a cancel was on its way or the child died after it: what it tells of is done.
    if (this.result) this.settled.resolve(this.result);
    else if (this.options.signal.aborted) this.settled.reject(this.options.signal.reason as Error);
    else if (this.failure) this.settled.reject(this.toError(this.failure));
    else this.settled.reject(this.crash(how));
  }

  private toError({ code, message, retry, details }: EngineFailure): AppError {
    const child: ChildFailure = { kind: code === lockedCode ? 'locked' : 'failed', retry };
    return new AppError(catalogueCodeOf(code, 'provision_failed'), message, { details: { ...details, child, engineCode: code } });
  }

  private crash(how: string): AppError {
    const child: ChildFailure = { kind: 'crashed', retry: true };
    const garbled = this.unreadable > 0 ? `; ${this.unreadable} of its messages could not be read` : '';
    const details = { child, ...(this.tail.isEmpty ? {} : { output: this.tail.text }) };
    return new AppError('provision_failed', `The provisioning child ${how} before it was done${garbled}`, { details });
  }

  private tell(command: ProvisionerCommand): void {
    // A channel that is closed means a child that has ended; "close" tells the rest.
    if (this.child.connected) this.child.send(command, () => undefined);
  }

  private after(ms: number, act: () => void): void {
    this.timers.add(setTimeout(act, ms));
  }

  private get graces() {
    return this.options.graces ?? standardGraces;
  }
}
