import type { TenantView } from '@lapidary/contracts/api/tenants';
import { tenantKey } from '@lapidary/contracts/directory';
import type { EventType } from '@lapidary/contracts/events/registry';
import type { Tx } from '@lapidary/db/transaction';
import { recordAudit } from '../audit/record-audit.js';
import { recordTenantRoute } from '../directory/record-route.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { tenantRouteOf, tenantViewOf, type TenantTools } from './tenant-row.js';
import { getTenant } from './tenant-store.js';

type TenantEventType = Extract<EventType, `lapidary.tenant.${string}`>;

/**
 * What every change of a tenant leaves behind in its transaction: event (I5), route, audit row (I10). Returns the
 * tenant as it is now. The audit's action is the event's type without prefix and version, "tenant.placed", where nothing else is said.
 */
export const recordTenantChange = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  type: TenantEventType,
  id: string,
  change: Record<string, unknown>,
  action: string = type.split('.').slice(1, 3).join('.'),
): Promise<TenantView> => {
  const row = await getTenant(tx, id);
  const tenant = tenantViewOf(row, tools.baseDomain);
  await recordEvent(tx, context, tools.clock, type, tenantKey(id), { tenant });
  await recordTenantRoute(tx, tenantRouteOf(row), row.status === 'placed' ? row.stamp : null);
  await recordAudit(tx, context, action, tenantKey(id), change);
  return tenant;
};
