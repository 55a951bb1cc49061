import { parentPort, workerData } from 'node:worker_threads';
import { isAppError } from '@lapidary/kernel/app-error';
import { DocumentEngine } from './document-engine.js';
import type { DocumentCall, DocumentReply, DocumentResult } from './document-worker.js';

/** The thread's side of DocumentWorker: one engine, one call after the other. */
const engine = new DocumentEngine(workerData as string);

const run = (call: DocumentCall): DocumentResult => {
  switch (call.call) {
    case 'edit':
      return engine.edit(...call.with);
    case 'take':
      return engine.take(...call.with);
    case 'beginAnew':
      return engine.beginAnew(...call.with);
    case 'editBeginning':
      return engine.editBeginning(...call.with);
  }
};

const answer = ({ id, ...call }: DocumentCall & { readonly id: number }): DocumentReply => {
  try {
    return { id, ok: true, result: run(call) };
  } catch (error) {
    if (engine.isBroken()) return 'broken';
    const message = error instanceof Error ? error.message : String(error);
    if (!isAppError(error)) return { id, ok: false, code: null, message };
    return { id, ok: false, code: error.code, message, retryAfterSeconds: error.retryAfterSeconds };
  }
};

parentPort?.on('message', (message: DocumentCall & { readonly id: number }) => parentPort?.postMessage(answer(message)));
parentPort?.postMessage('ready' satisfies DocumentReply);
