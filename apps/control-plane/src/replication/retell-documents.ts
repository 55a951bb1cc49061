import type { PolicyKind } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { tellChange } from '@lapidary/replication/collections/tell-change';
import { wholeChange } from '@lapidary/replication/collections/whole-change';
import type { DataSource } from 'typeorm';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { systemContext } from '../http/command-context.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { recordEvent } from '../outbox/record-event.js';

/** One transaction's worth: their locks are held for some tens of milliseconds. */
const retoldAtOnceMax = 50;

/**
 * The home region tells a tenant's documents whole, once more: another region has taken out of its outbox what it had told of them, and
 * a region that is allowed later is filled from outboxes alone. Repeating a state changes nothing where it is known (I6).
 */
export const retellDocuments = async (dataSource: DataSource, clock: HybridLogicalClock): Promise<number> => {
  const open = await rowsOf<{ tenant: string; region: string }>(dataSource, 'SELECT tenant, region FROM document_retelling ORDER BY 1, 2');
  let told = 0;
  for (const { tenant, region } of open) {
    for (let more = true; more;) {
      const count = await inTransaction(dataSource, async (tx) => retellSome(tx, clock, tenant, region));
      told += count;
      more = count === retoldAtOnceMax;
    }
  }
  return told;
};

interface Place {
  readonly collection: string;
  readonly kind: PolicyKind;
  readonly id: string;
}

const retellSome = async (tx: Tx, clock: HybridLogicalClock, tenant: string, region: string): Promise<number> => {
  const [row] = await rowsOf<{ after: [string, string, string]; through: string }>(
    tx,
    'SELECT after, through FROM document_retelling WHERE tenant = $1 AND region = $2 FOR UPDATE',
    [tenant, region],
  );
  if (!row) return 0;
  const places = await rowsOf<Place>(
    tx,
    `SELECT collection, kind, id FROM document WHERE tenant = $1 AND (collection, kind, id) > ($2, $3, $4) ORDER BY collection, kind, id LIMIT $5`,
    [tenant, ...row.after, retoldAtOnceMax],
  );
  const context = systemContext((await readOrigin(tx)).region, 'residency', newId());
  const store = new PostgresCollections(tx, clock, context);
  for (const place of places) {
    const key = { ...place, tenant };
    const stored = await store.document(key);
    if (stored) await tellChange(store, key, wholeChange(key, stored));
  }
  const last = places.at(-1);
  if (places.length === retoldAtOnceMax && last) {
    await tx.query('UPDATE document_retelling SET after = $3 WHERE tenant = $1 AND region = $2', [
      tenant,
      region,
      [last.collection, last.kind, last.id],
    ]);
  } else {
    await tx.query('DELETE FROM document_retelling WHERE tenant = $1 AND region = $2', [tenant, region]);
    await recordEvent(tx, context, clock, 'lapidary.documents.retold.v1', `documents-retold/${tenant}/${region}`, {
      tenant,
      region,
      through: Number(row.through),
    });
  }
  return places.length;
};
