import { pruneByAge } from '@lapidary/db/prune-by-age';
import type { DataSource } from 'typeorm';

/**
 * Answers under idempotency keys stay for `days` from their request: a repeat that comes later is a new request. Returns how many went.
 * One whose request is still being worked on is nobody else's to see, and so is not found here.
 */
export const pruneKeys = async (dataSource: DataSource, days: number): Promise<number> =>
  await pruneByAge(
    dataSource,
    `DELETE FROM idempotency_key WHERE (principal, tenant, key) IN (
       SELECT principal, tenant, key FROM idempotency_key WHERE created_at < now() - make_interval(days => $1) ORDER BY created_at LIMIT $2)
     RETURNING 1`,
    days,
  );
