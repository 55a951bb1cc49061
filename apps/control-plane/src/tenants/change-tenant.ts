import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { requireMatch } from '../http/etag.js';
import { release } from '../placement/reserve.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordTenantChange } from './record-tenant.js';
import { tenantViewOf, type TenantRow, type TenantTools } from './tenant-row.js';
import { tenantTransitions } from './tenant-states.js';
import { lockTenant } from './tenant-store.js';

/** Replaces the labels. Equal labels change nothing. */
export const updateLabels = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  change: { readonly id: string; readonly labels: Record<string, string>; readonly ifMatch: string | undefined },
): Promise<TenantView> => {
  const row = await lockTenant(tx, change.id);
  assertOwnRegion(context, row.home_region, `tenant ${change.id}`);
  if (row.status === 'deleted') throw new AppError('illegal_transition', `Tenant ${change.id} is deleted`);
  requireMatch(change.ifMatch, row.version);
  if (canonicalJson(row.labels) === canonicalJson(change.labels)) return tenantViewOf(row, tools.baseDomain);
  await tx.query(`UPDATE tenant SET labels = $2::jsonb, hlc = $3, version = version + 1, updated_at = now() WHERE id = $1`, [
    change.id,
    JSON.stringify(change.labels),
    tools.clock.tick(),
  ]);
  return await recordTenantChange(tx, context, tools, 'lapidary.tenant.updated.v1', change.id, {
    before: row.labels,
    after: change.labels,
  });
};

/** Ends the placement, gives its units back and leaves a tombstone. Deleting again changes nothing. */
export const deleteTenant = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  change: { readonly id: string; readonly ifMatch: string | undefined },
): Promise<TenantView> => {
  const row = await lockTenant(tx, change.id);
  assertOwnRegion(context, row.home_region, `tenant ${change.id}`);
  if (row.status === 'deleted') return tenantViewOf(row, tools.baseDomain);
  requireMatch(change.ifMatch, row.version);
  const status = nextState(tenantTransitions, row.status, 'delete');
  await endPlacement(tx, row);
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = $3, pending_since = NULL, hlc = $4, version = version + 1, updated_at = now() WHERE id = $1`,
    [change.id, status, context.reason, tools.clock.tick()],
  );
  return await recordTenantChange(tx, context, tools, 'lapidary.tenant.deleted.v1', change.id, {
    from: row.status,
    stamp: row.stamp,
    epoch: row.epoch,
  });
};

const endPlacement = async (tx: Tx, row: TenantRow): Promise<void> => {
  if (row.stamp === null || row.units === null) return;
  await tx.query(`UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current`, [row.id]);
  await release(tx, row.id, row.stamp, row.units);
  await notifyCapacity(tx, row.home_region);
};
