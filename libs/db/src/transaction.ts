import type { DataSource, EntityManager } from 'typeorm';

/** What every writing function takes first. Reads inside a command use it too, so that they see their own writes. */
export type Tx = EntityManager;

/** What only reads: a transaction or the pool. */
export type Reader = Pick<Tx, 'query'>;

/** Postgres asks for a repeat: serialization_failure and deadlock_detected (appendix A of its manual). */
const repeatable = new Set(['40001', '40P01']);
/** A conflict that survives this many tries is contention to be seen, not hidden. */
const attemptsMax = 5;

/**
 * Runs `work` in one transaction (read committed, which is what PostgreSQL begins: to say so is a statement more, and one more time of
 * waiting for the server), again where Postgres asks for it. `work` must not touch the outside.
 */
export const inTransaction = async <T>(dataSource: DataSource, work: (tx: Tx) => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dataSource.transaction(work);
    } catch (error) {
      if (attempt >= attemptsMax || !repeatable.has(sqlStateOf(error) ?? '')) throw error;
    }
  }
};

/** SQLSTATE of a database error, through TypeORM's wrapping. */
export const sqlStateOf = (error: unknown): string | undefined => {
  const e = error as { code?: unknown; driverError?: { code?: unknown } } | null;
  const code = e?.driverError?.code ?? e?.code;
  return typeof code === 'string' ? code : undefined;
};

export const uniqueViolation = '23505';
export const checkViolation = '23514';
