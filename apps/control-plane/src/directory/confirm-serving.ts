import { tenantKey } from '@lapidary/contracts/directory';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { servingChannel } from '../tenants/serving-channel.js';
import { viewTenant } from '../tenants/view-tenant.js';

export interface ServingTools {
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly region: string;
  readonly baseDomain: string;
}

export interface ServingFact {
  readonly tenant: string;
  readonly epoch: number;
  readonly stamp: string;
  /** Epoch that the stamp's process believes to have; an older one's word counts for nothing (P-HB3). */
  readonly stampEpoch: number;
}

/**
 * Notes that the stamp holds the tenant, once per placement, and tells everybody who waits for it. Returns the
 * milliseconds since the decision, or null where it was known, or is no longer so. An observation, not a command:
 * attributed by its event (I10), and no new version of the tenant, so that nobody's If-Match fails for it.
 */
export const confirmServing = async (tools: ServingTools, fact: ServingFact): Promise<number | null> =>
  await inTransaction(tools.dataSource, async (tx) => {
    // The event carries the whole tenant: without the lock, one that is changed meanwhile could be told with its old values last (I6).
    await tx.query('SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE', [fact.tenant]);
    const [row] = await rowsOf<{ ms: string }>(
      tx,
      `UPDATE placement p SET serving_at = clock_timestamp() FROM stamp s
       WHERE p.tenant = $1 AND p.epoch = $2 AND p.is_current AND p.serving_at IS NULL AND p.stamp = $3
         AND s.name = p.stamp AND s.epoch = $4
       RETURNING extract(epoch FROM clock_timestamp() - p.decided_at) * 1000 AS ms`,
      [fact.tenant, fact.epoch, fact.stamp, fact.stampEpoch],
    );
    if (!row) return null;
    const context = systemContext(tools.region, 'directory', newId());
    const tenant = await viewTenant(tx, fact.tenant, tools.baseDomain);
    await recordEvent(tx, context, tools.clock, 'lapidary.tenant.serving.v1', tenantKey(fact.tenant), { tenant });
    await tx.query('SELECT pg_notify($1, $2)', [servingChannel, fact.tenant]);
    return Number(row.ms);
  });

/** The previous stamp has let go, unless the entry names another one by now. */
export const confirmDropped = async (dataSource: DataSource, tenant: string, stamp: string): Promise<void> => {
  await dataSource.query('UPDATE directory_entry SET previous_stamp = NULL WHERE key = $1 AND previous_stamp = $2', [
    tenantKey(tenant),
    stamp,
  ]);
};
