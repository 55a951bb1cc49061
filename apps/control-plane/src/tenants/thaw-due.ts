import { hasFreezeEnded, thawed } from '@lapidary/contracts/tenant-labels';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { updateTenant } from './change-tenant.js';
import { frozenTenants } from './frozen-tenants.js';
import type { TenantTools } from './tenant-row.js';
import { lockTenant } from './tenant-store.js';

/**
 * Ends freezes whose time is over: the labels go, as by "stampctl tenants thaw", with event, audit and route in one transaction. By the home
 * region alone, whose clock counts; every replica may try, the row's lock keeps them apart. Returns the tenants.
 */
export const thawDue = async (
  dataSource: DataSource,
  tools: TenantTools,
  region: string,
  nowMs: number = Date.now(),
): Promise<string[]> => {
  const due = (await frozenTenants(dataSource, region)).filter(({ endsAt }) => endsAt !== null && endsAt <= nowMs);
  const over: string[] = [];
  for (const { id } of due)
    await inTransaction(dataSource, async (tx) => {
      const { labels, status } = await lockTenant(tx, id);
      // Somebody froze it anew, or let it go, since it was looked for.
      if (status === 'deleted' || !hasFreezeEnded(labels, nowMs)) return;
      const context = { ...systemContext(region, 'freeze', newId()), reason: 'the time that it was frozen for is over' };
      await updateTenant(tx, context, tools, { id, labels: thawed(labels), ifMatch: undefined });
      over.push(id);
    });
  return over;
};
