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
      readonly with: [string, Uint8Array | null, { readonly [key: string]: Json }, readonly DocumentEdit[], TextFields];
    }
  | { readonly call: 'take'; readonly with: [string, Uint8Array | null, readonly Uint8Array[]] }
  | { readonly call: 'beginAnew'; readonly with: [string, Uint8Array, TextFields] }
  | { readonly call: 'editBeginning'; readonly with: [string, Uint8Array, readonly DocumentEdit[], TextFields] };

type Arguments<Call extends DocumentCall['call']> = Extract<DocumentCall, { call: Call }>['with'];

export type DocumentResult = Documented | Edited | Taken | null;

export type DocumentReply =
  | { readonly id: number; readonly ok: true; readonly result: DocumentResult }
  | { readonly id: number; readonly ok: false; readonly code: string | null; readonly message: string };

/** Tests run from sources; a thread runs what was built. */
const threadFile = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/automerge/document-thread.js' : './document-thread.js',
  import.meta.url,
);

/**
 * The engine in a thread of its own: a load of some milliseconds must not hold up requests that have nothing to do with
 * it. A thread that dies takes its open calls along and is started anew with the next one; what is stored is untouched.
 */
export class DocumentWorker {
  private thread: Worker | undefined;
  private nextId = 1;
  private readonly waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();

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
    await this.thread?.terminate();
    this.fail(new AppError('not_ready', 'The process is stopping'));
  }

  private async ask<T>(call: DocumentCall): Promise<T> {
    const id = this.nextId++;
    return await new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.running().postMessage({ id, ...call });
    });
  }

  private running(): Worker {
    if (this.thread) return this.thread;
    const thread = new Worker(threadFile, { workerData: this.actor });
    thread.unref();
    thread.on('message', (reply: DocumentReply) => {
      const waiting = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.result as never);
      else if (isErrorCode(reply.code)) waiting?.reject(new AppError(reply.code, reply.message));
      else waiting?.reject(new Error(reply.message));
    });
    const ended = (error: Error): void => {
      if (this.thread === thread) this.thread = undefined;
      this.fail(error);
    };
    thread.once('error', (error) => ended(error instanceof Error ? error : new Error(String(error))));
    thread.once('exit', () => ended(new Error('the thread of nested documents ended')));
    this.thread = thread;
    return thread;
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
