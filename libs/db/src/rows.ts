import type { Tx } from './transaction.js';

/**
 * The rows of any statement. TypeORM answers `[rows, count]` for UPDATE and DELETE and plain rows for the rest; rows are
 * objects, so an array in first place tells them apart.
 */
export const rowsOf = async <T>(tx: Pick<Tx, 'query'>, sql: string, parameters: readonly unknown[] = []): Promise<T[]> => {
  const raw: unknown = await tx.query(sql, [...parameters]);
  if (!Array.isArray(raw)) return [];
  return (Array.isArray(raw[0]) ? raw[0] : raw) as T[];
};
