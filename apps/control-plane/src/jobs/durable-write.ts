import { setTimeout as sleep } from 'node:timers/promises';
import { fromDatabaseError } from '@lapidary/db/database-error';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { backOffMs } from '@lapidary/kernel/back-off';
import type { DataSource } from 'typeorm';
import { writeRetryFirstMs, writeRetryMaxMs, writeRetryMs } from './job-limits.js';

/** Codes by which fromDatabaseError says that the database is away or too busy, as opposed to a fault in the statement. */
const awayCodes = new Set(['not_ready', 'overloaded']);

/**
 * A worker's transaction, tried again while Postgres restarts. A commit whose answer got lost may have happened: `work`
 * must find its own traces (each of the runner's writes looks at the present status first).
 */
export const writeDurably = async <T>(dataSource: DataSource, signal: AbortSignal, work: (tx: Tx) => Promise<T>): Promise<T> => {
  const deadline = Date.now() + writeRetryMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await inTransaction(dataSource, work);
    } catch (error) {
      if (signal.aborted || Date.now() > deadline || !awayCodes.has(fromDatabaseError(error).code)) throw error;
      await sleep(backOffMs(attempt, writeRetryFirstMs, writeRetryMaxMs), undefined, { signal });
    }
  }
};
