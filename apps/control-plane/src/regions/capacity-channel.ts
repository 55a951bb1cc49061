import type { Tx } from '@lapidary/db/transaction';

/** Whoever frees or adds room says so here, in its transaction; the sweeper of pending tenants listens. */
export const capacityChannel = 'lapidary_capacity';

export const notifyCapacity = async (tx: Tx, region: string): Promise<void> => {
  await tx.query(`SELECT pg_notify($1, $2)`, [capacityChannel, region]);
};
