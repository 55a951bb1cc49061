import type { DataSource } from 'typeorm';
import { inTransaction, type Tx } from '@lapidary/db/transaction';

/**
 * One transaction in the name of one tenant. The setting ends with the transaction, so a pooled connection (also behind
 * a transaction-mode pooler) never carries a tenant into the next request.
 */
export const withTenant = async <T>(dataSource: DataSource, tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(dataSource, async (tx) => {
    await tx.query(`SELECT set_config('app.tenant', $1, true)`, [tenant]);
    return work(tx);
  });
