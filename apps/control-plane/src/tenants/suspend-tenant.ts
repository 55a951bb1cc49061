import type { TenantView } from '@lapidary/contracts/api/tenants';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { requireMatch } from '../http/etag.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { placeTenant } from './place-tenant.js';
import { recordTenantChange } from './record-tenant.js';
import { tenantViewOf, type TenantRow, type TenantTools } from './tenant-row.js';
import { tenantTransitions } from './tenant-states.js';
import { getTenant, lockTenant } from './tenant-store.js';

export interface SuspensionChange {
  readonly id: string;
  readonly ifMatch: string | undefined;
}

/**
 * Has nobody served for a tenant whose row the caller has locked: its stamp lets go, routers refuse with `tenant_suspended`. It keeps its placement and
 * its units, since that is where its data lies (I2).
 */
export const suspend = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  row: TenantRow,
  change: Record<string, unknown> = {},
): Promise<TenantView> => {
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = $3, pending_since = NULL, hlc = $4, version = version + 1, updated_at = now() WHERE id = $1`,
    [row.id, nextState(tenantTransitions, row.status, 'suspend'), context.reason, tools.clock.tick()],
  );
  return await recordTenantChange(tx, context, tools, 'lapidary.tenant.suspended.v1', row.id, { from: row.status, ...change });
};

/** By a person's command. Again changes nothing. */
export const suspendTenant = async (tx: Tx, context: CommandContext, tools: TenantTools, change: SuspensionChange): Promise<TenantView> => {
  const row = await lockOwn(tx, context, change);
  return row.status === 'suspended' ? tenantViewOf(row, tools.baseDomain) : await suspend(tx, context, tools, row);
};

/**
 * Serves a suspended tenant again: on the stamp that kept its units and has its data, at a new epoch (I1); one that had no stamp is placed, or waits for
 * room. Refused (name_taken) where another region's tenant has its name: by the rule for names it would be suspended again with that one's next event,
 * and each region's routers would lead to another tenant until then. Asked of one that is not suspended it changes nothing.
 */
export const resumeTenant = async (tx: Tx, context: CommandContext, tools: TenantTools, change: SuspensionChange): Promise<TenantView> => {
  const row = await lockOwn(tx, context, change);
  if (row.status === 'pending' || row.status === 'placed') return tenantViewOf(row, tools.baseDomain);
  nextState(tenantTransitions, row.status, row.stamp === null ? 'requeue' : 'resume');
  await refuseContested(tx, context, row);
  return row.stamp === null ? await requeue(tx, context, tools, row) : await resumeInPlace(tx, context, tools, row);
};

const lockOwn = async (tx: Tx, context: CommandContext, { id, ifMatch }: SuspensionChange): Promise<TenantRow> => {
  const row = await lockTenant(tx, id);
  assertOwnRegion(context, row.home_region, `tenant ${id}`);
  requireMatch(ifMatch, row.version);
  return row;
};

/** Ids are never given out again, so that who has lost one has lost it for good: also where the winner is deleted by now. */
const refuseContested = async (tx: Tx, { region }: CommandContext, { id }: TenantRow): Promise<void> => {
  const [lost] = await rowsOf<{ winner: string }>(
    tx,
    `SELECT winner->>'region' AS winner FROM conflict WHERE subject = $1 AND loser->>'region' = $2 ORDER BY id LIMIT 1`,
    [`tenant/${id}`, region],
  );
  if (!lost) return;
  throw new AppError('name_taken', `The name ${id} belongs to a tenant of region ${lost.winner}, which claimed it first`, {
    details: { winner: lost.winner },
  });
};

/** Told as a placement, which it is: regions of older versions know that event, and their routers lead there at once. */
const resumeInPlace = async (tx: Tx, context: CommandContext, tools: TenantTools, row: TenantRow): Promise<TenantView> => {
  const epoch = row.placement_epoch + 1;
  await tx.query('UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current', [row.id]);
  await tx.query(
    `INSERT INTO placement (tenant, epoch, stamp, units, decision, decided_at)
     SELECT tenant, $2, stamp, units, decision, clock_timestamp() FROM placement WHERE tenant = $1 AND epoch = $3`,
    [row.id, epoch, row.epoch],
  );
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = NULL, placement_epoch = $3, hlc = $4, version = version + 1, updated_at = now() WHERE id = $1`,
    [row.id, nextState(tenantTransitions, row.status, 'resume'), epoch, tools.clock.tick()],
  );
  return await recordTenantChange(tx, context, tools, 'lapidary.tenant.placed.v1', row.id, { stamp: row.stamp, epoch }, 'tenant.resumed');
};

const requeue = async (tx: Tx, context: CommandContext, tools: TenantTools, row: TenantRow): Promise<TenantView> => {
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = 'no stamp takes it yet', pending_since = clock_timestamp(), hlc = $3, version = version + 1,
            updated_at = now() WHERE id = $1`,
    [row.id, nextState(tenantTransitions, row.status, 'requeue'), tools.clock.tick()],
  );
  const waiting = await recordTenantChange(
    tx,
    context,
    tools,
    'lapidary.tenant.updated.v1',
    row.id,
    { from: row.status },
    'tenant.resumed',
  );
  const { tenant } = await placeTenant(tx, context, tools, await getTenant(tx, row.id), { recordPending: true });
  return tenant ?? waiting;
};
