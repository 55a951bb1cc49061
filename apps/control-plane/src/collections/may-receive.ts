import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { allowedIn } from '../residency/holding.js';

/**
 * Rights of a counter are given to regions that can use them: a region that there is not, or that the tenant's residency leaves out (I3), could neither
 * sell nor give them back, and the stock would be lost. Throws `not_found` or `residency_conflict`.
 */
export const requireReceivers = async (tx: Tx, tenant: string, writes: readonly WriteCommand[]): Promise<void> => {
  const given = writes.flatMap((write) => (write.op === 'operate' ? write.operations : [])).flatMap((o) => (o.op === 'give' ? [o.to] : []));
  if (given.length === 0) return;
  const rows = await rowsOf<{ name: string; allowed: boolean }>(
    tx,
    `SELECT r.name, coalesce(${allowedIn('t', 'r')}, true) AS allowed FROM region r LEFT JOIN tenant t ON t.id = $2 WHERE r.name = ANY ($1)`,
    [given, tenant],
  );
  for (const to of given) {
    const region = rows.find(({ name }) => name === to);
    if (!region) throw new AppError('not_found', `There is no region ${to} that rights could be given to`);
    if (!region.allowed)
      throw new AppError('residency_conflict', `Documents of ${tenant} may not be in ${to}: nobody could use rights there`);
  }
};
