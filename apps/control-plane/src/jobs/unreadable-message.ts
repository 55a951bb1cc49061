import { inTransaction } from '@lapidary/db/transaction';
import { recordDeadLetter } from './dead-letter-store.js';
import type { ReclaimerDeps } from './lease-reclaimer.js';
import type { JobKind, Json } from './job-row.js';

/** A message of the queue that is none of ours, kept for a person to look at. It names no job, so none is touched. */
export const putAside = async (deps: ReclaimerDeps, kind: JobKind, message: unknown): Promise<void> => {
  const { dataSource, region, logger, metrics } = deps;
  const isObject = typeof message === 'object' && message !== null && !Array.isArray(message);
  const payload: Json = isObject ? (message as Json) : { value: message };
  logger.warn({ kind, payload }, 'a message of the job queue can’t be read; put aside');
  const text = 'The message names no job: it was not sent by this version of the control plane';
  await inTransaction(dataSource, (tx) =>
    recordDeadLetter(tx, {
      region,
      job: null,
      kind,
      subject: null,
      cause: 'unreadable_message',
      message: text,
      step: null,
      attempts: 1,
      payload,
    }),
  );
  metrics.lapidary_job_dead_letters_total.inc({ kind, cause: 'unreadable_message' });
};
