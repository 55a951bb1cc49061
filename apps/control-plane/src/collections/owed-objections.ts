import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { CollectionTransaction, DocumentKey } from '@lapidary/replication/collections/collection-store';
import { objectAtLast } from '@lapidary/replication/collections/late-writes';
import { holdResidencies } from '../residency/holding.js';
import { tickOf } from './collection-tools.js';

export const oweObjection = async (tx: Tx, { collection, kind, tenant, id }: DocumentKey): Promise<void> => {
  await tx.query('INSERT INTO owed_objection (collection, kind, tenant, id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
    ...[collection, kind, tenant, id],
  ]);
};

/** G6: in the transaction that lifts the fence. Returns how many were told. */
export const objectToOwed = async (
  tx: Tx,
  store: CollectionTransaction,
  { region, clock }: { readonly region: string; readonly clock: HybridLogicalClock },
): Promise<number> => {
  const owed = await rowsOf<DocumentKey>(
    tx,
    'WITH gone AS (DELETE FROM owed_objection RETURNING *) SELECT collection, kind, tenant, id FROM gone ORDER BY collection, kind, tenant, id',
  );
  const elsewhere = await holdResidencies(
    tx,
    owed.map(({ tenant }) => tenant),
  );
  let told = 0;
  for (const key of owed)
    // I3: they leave, and whoever may have them objects itself.
    if (!elsewhere.has(key.tenant) && (await objectAtLast(store, { region, tick: tickOf(clock) }, key))) told++;
  return told;
};
