import { Worker } from 'node:worker_threads';
import { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';
import type { Json } from '../merge/json.js';
import type { DocumentEdit, TextFields } from './document-edits.js';
import type { Documented, Edited, Taken } from './document-engine.js';

/** One call to the thread, with the arguments of `DocumentEngine`. */
export type DocumentCall =
  | {
      readonly call: 'edit';
      readonly with: [string, Uint8Array | null, { readonly [key: string]: Json }, readonly DocumentEdit[], TextFields, always?: boolean];
    }
  | { readonly call: 'take'; readonly with: [string, Uint8Array | null, readonly Uint8Array[]] }
  | { readonly call: 'beginAnew'; readonly with: [string, Uint8Array, TextFields] }
  | { readonly call: 'editBeginning'; readonly with: [string, Uint8Array, readonly DocumentEdit[], TextFields] };

type Arguments<Call extends DocumentCall['call']> = Extract<DocumentCall, { call: Call }>['with'];

export type DocumentResult = Documented | Edited | Taken | null;

export type DocumentReply =
  | { readonly id: number; readonly ok: true; readonly result: DocumentResult }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: string | null;
      readonly message: string;
      readonly retryAfterSeconds?: number | undefined;
    }
  /** Once, when the thread is at hand. */
  | 'ready'
  /** WebAssembly has trapped, and answers nothing any more. */
  | 'broken';

/** Tests run from sources; a thread runs what was built. */
const threadFile = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/automerge/document-thread.js' : './document-thread.js',
  import.meta.url,
);

interface Waiting {
  readonly call: DocumentCall;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  /** A thread has ended over it. */
  hasEndedOne: boolean;
}

/**
 * The engine in a thread of its own: a load of some milliseconds must not hold up requests that have nothing to do with it. What is stored is
 * untouched where one ends, or its WebAssembly traps, which leaves that in nobody knows which state: a new one is asked what the old one has not
 * answered. The call over which a second thread ends is refused (`poison_event`), so that it holds nothing else up; the first may have been out of memory.
 */
export class DocumentWorker {
  private thread: Worker | undefined;
  private isReady = false;
  private nextId = 1;
  /** In the order in which the thread answers: of one that ended, it was the first. */
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly actor: string) {}

  async edit(...args: Arguments<'edit'>): Promise<Edited> {
    return await this.ask({ call: 'edit', with: args });
  }

  async take(...args: Arguments<'take'>): Promise<Taken> {
    return await this.ask({ call: 'take', with: args });
  }

  async beginAnew(...args: Arguments<'beginAnew'>): Promise<Documented | null> {
    return await this.ask({ call: 'beginAnew', with: args });
  }

  async editBeginning(...args: Arguments<'editBeginning'>): Promise<Edited> {
    return await this.ask({ call: 'editBeginning', with: args });
  }

  async close(): Promise<void> {
    const { thread } = this;
    this.thread = undefined;
    this.fail(new AppError('not_ready', 'The process is stopping'));
    await thread?.terminate();
  }

  private async ask<T>(call: DocumentCall): Promise<T> {
    const id = this.nextId++;
    return await new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { call, resolve, reject, hasEndedOne: false });
      this.running().postMessage({ id, ...call });
    });
  }

  private running(): Worker {
    if (this.thread) return this.thread;
    const thread = new Worker(threadFile, { workerData: this.actor });
    thread.unref();
    thread.on('message', (reply: DocumentReply) => {
      if (this.thread !== thread) return;
      if (reply === 'ready') this.isReady = true;
      else if (reply === 'broken') this.onEnd(thread, new Error('WebAssembly has trapped'));
      else this.settle(reply);
    });
    thread.once('error', (error) => this.onEnd(thread, error instanceof Error ? error : new Error(String(error))));
    thread.once('exit', () => this.onEnd(thread, new Error('the thread of nested documents ended')));
    this.thread = thread;
    this.isReady = false;
    return thread;
  }

  private settle(reply: Exclude<DocumentReply, string>): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.result as never);
    else if (isErrorCode(reply.code))
      waiting?.reject(new AppError(reply.code, reply.message, { retryAfterSeconds: reply.retryAfterSeconds }));
    else waiting?.reject(new Error(reply.message));
  }

  private onEnd(thread: Worker, error: Error): void {
    if (this.thread !== thread) return;
    this.thread = undefined;
    void thread.terminate();
    // One that did not come up says nothing of what it was asked.
    if (!this.isReady) return this.fail(error);
    const [first] = this.waiting;
    if (first?.[1].hasEndedOne) {
      this.waiting.delete(first[0]);
      first[1].reject(
        new AppError('poison_event', 'What is to be done with a nested document ends its thread each time', { cause: error }),
      );
    } else if (first) first[1].hasEndedOne = true;
    for (const [id, { call }] of this.waiting) this.running().postMessage({ id, ...call });
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
