import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { nextState } from '@lapidary/kernel/transition-table';
import type { DataSource } from 'typeorm';
import type { CommandContext } from '../http/command-context.js';
import { allowsRegion } from '../placement/rules/residency.js';
import { skippedEpochs } from '../fence/skipped-epochs.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { recordStampChange } from '../stamps/record-stamp.js';
import { stampTransitions } from '../stamps/stamp-states.js';
import { lockStamp } from '../stamps/stamp-store.js';
import { recordTenantChange } from '../tenants/record-tenant.js';
import type { TenantTools } from '../tenants/tenant-row.js';
import { tenantTransitions } from '../tenants/tenant-states.js';
import { lockTenant } from '../tenants/tenant-store.js';

/** One transaction's worth. */
const atOnce = 50;

/**
 * RG5, RG6: takes over the tenants of a lost region and retires its stamps, some at a time, so that a process that dies is followed by the next where it
 * stopped (I8). Returns how many were taken over; 0: nothing is left.
 */
export const inheritFrom = async (dataSource: DataSource, context: CommandContext, tools: TenantTools, region: string): Promise<number> => {
  const [here] = await rowsOf<{ jurisdiction: string }>(dataSource, 'SELECT jurisdiction FROM region WHERE name = $1', [context.region]);
  const jurisdiction = here?.jurisdiction ?? '';
  let count = 0;
  for (;;) {
    const some = await inTransaction(dataSource, async (tx) => {
      const tenants = await idsOf(tx, 'SELECT id FROM tenant WHERE home_region = $1 ORDER BY id LIMIT $2', region);
      for (const id of tenants) await inheritTenant(tx, context, tools, region, id, jurisdiction);
      if (tenants.length > 0) await notifyCapacity(tx, context.region);
      const stamps = await idsOf(
        tx,
        `SELECT name AS id FROM stamp WHERE region = $1 AND status <> 'retired' ORDER BY name LIMIT $2`,
        region,
      );
      for (const name of stamps) await loseStamp(tx, context, tools, name);
      return tenants.length + stamps.length;
    });
    count += some;
    if (some === 0) return count;
  }
};

const idsOf = async (tx: Tx, sql: string, region: string): Promise<string[]> =>
  (await rowsOf<{ id: string }>(tx, sql, [region, atOnce])).map((row) => row.id);

/** `jurisdiction`: of this region. */
const inheritTenant = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  from: string,
  id: string,
  jurisdiction: string,
): Promise<void> => {
  const row = await lockTenant(tx, id);
  if (row.home_region !== from) return;
  const status = nextState(tenantTransitions, row.status, 'inherit');
  const mayBeHere = allowsRegion(row.residency, context.region, jurisdiction);
  const lost = `Region ${from} was given up${row.stamp === null ? '' : `, and stamp ${row.stamp} with it`}`;
  const reason = mayBeHere
    ? `${lost}; no stamp takes it yet`
    : `${lost}; its residency [${row.residency.join(', ')}] leaves out ${context.region}: change it, or delete the tenant`;
  await tx.query('UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current', [id]);
  await tx.query(
    `UPDATE tenant SET home_region = $2, status = $3, status_reason = CASE WHEN $3 = 'pending' THEN $4 ELSE status_reason END,
            pending_since = CASE WHEN $3 = 'pending' THEN clock_timestamp() END, placement_epoch = placement_epoch + $5, origin_sequence = 0,
            hlc = $6, version = version + 1, updated_at = now() WHERE id = $1`,
    [id, context.region, status, reason, skippedEpochs, tools.clock.tick()],
  );
  await recordTenantChange(tx, context, tools, 'lapidary.tenant.updated.v1', id, {
    ...{ inheritedFrom: from, from: row.status, to: status, stamp: row.stamp, epoch: row.epoch },
    ...(mayBeHere ? {} : { residency: row.residency }),
  });
};

/** Nothing is deleted. The next epochs are beyond what any process of it can have had, so that its entry outranks those that routers may still be told. */
const loseStamp = async (tx: Tx, context: CommandContext, { clock }: TenantTools, name: string): Promise<void> => {
  const row = await lockStamp(tx, name);
  if (!row || row.status === 'retired') return;
  const status = nextState(stampTransitions, row.status, 'lose');
  await tx.query(
    `UPDATE stamp SET status = $2, front_doors = '{}', health = 'unknown', health_reason = NULL, last_known_heartbeat_at = NULL, epoch = epoch + $3,
            cordoned = false, cordon_reason = NULL, held_by_rollout = NULL, version = version + 1, updated_at = now() WHERE name = $1`,
    [name, status, skippedEpochs],
  );
  await recordStampChange(tx, context, clock, 'lapidary.stamp.retired.v1', name, { from: row.status, to: status, lostWith: row.region });
};
