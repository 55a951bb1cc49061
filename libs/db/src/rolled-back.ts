import type { Tx } from './transaction.js';
import type { DataSource } from 'typeorm';

/** Runs `work` in one consistent view (repeatable read) of a transaction that is always rolled back: what it writes, only it sees. */
export const rolledBack = async <T>(dataSource: DataSource, work: (tx: Tx) => Promise<T>): Promise<T> => {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.startTransaction('REPEATABLE READ');
    try {
      return await work(runner.manager);
    } finally {
      await runner.rollbackTransaction();
    }
  } finally {
    await runner.release();
  }
};
