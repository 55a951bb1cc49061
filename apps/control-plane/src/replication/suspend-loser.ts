import type { Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import { systemContext } from '../http/command-context.js';
import { recordTenantChange } from '../tenants/record-tenant.js';
import type { TenantTools } from '../tenants/tenant-row.js';
import { tenantTransitions } from '../tenants/tenant-states.js';
import { lockTenant } from '../tenants/tenant-store.js';

/**
 * A tenant of ours has lost its name to another region's: it is suspended by a command of its own region, so that event,
 * route and audit follow as for any other (I10). It keeps its placement, since that is where its data lies.
 */
export const suspendLoser = async (tx: Tx, region: string, tools: TenantTools, id: string, winner: string): Promise<void> => {
  const row = await lockTenant(tx, id);
  if (row.status === 'suspended' || row.status === 'deleted') return;
  const status = nextState(tenantTransitions, row.status, 'suspend');
  const reason = `The name belongs to a tenant of region ${winner}, which claimed it first`;
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = $3, pending_since = NULL, hlc = $4, version = version + 1, updated_at = now() WHERE id = $1`,
    [id, status, reason, tools.clock.tick()],
  );
  const context = { ...systemContext(region, 'replication', newId()), reason };
  await recordTenantChange(tx, context, tools, 'lapidary.tenant.suspended.v1', id, { from: row.status, winner });
};
