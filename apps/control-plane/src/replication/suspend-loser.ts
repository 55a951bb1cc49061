import type { Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { systemContext } from '../http/command-context.js';
import { suspend } from '../tenants/suspend-tenant.js';
import type { TenantTools } from '../tenants/tenant-row.js';
import { lockTenant } from '../tenants/tenant-store.js';

/**
 * A tenant of ours has lost its name to another region's: it is suspended by a command of its own region, so that event,
 * route and audit follow as for any other (I10). It keeps its placement, since that is where its data lies.
 */
export const suspendLoser = async (tx: Tx, region: string, tools: TenantTools, id: string, winner: string): Promise<void> => {
  const row = await lockTenant(tx, id);
  if (row.status === 'suspended' || row.status === 'deleted') return;
  const reason = `The name belongs to a tenant of region ${winner}, which claimed it first`;
  await suspend(tx, { ...systemContext(region, 'replication', newId()), reason }, tools, row, { winner });
};
