import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { Tx } from '@lapidary/db/transaction';
import type { CommandContext } from '../http/command-context.js';
import { recordTenantChange } from './record-tenant.js';
import type { TenantTools } from './tenant-row.js';

/** Payload: tenant id. Creations that wait (`?wait=`) listen here. */
export const servingChannel = 'lapidary_serving';

/**
 * The stamp's agent confirmed that it holds the tenant at this epoch: from now on requests are served. Returns null
 * where that is known already or the epoch is no longer the current one (a confirmation that came late). An
 * observation: it makes no new version of the tenant, so that nobody's If-Match fails for it.
 */
export const markServing = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  held: { readonly tenant: string; readonly epoch: number },
): Promise<TenantView | null> => {
  // Events carry the whole tenant: without the lock, one that is changed meanwhile could be told with its old values last (I6).
  await tx.query(`SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE`, [held.tenant]);
  const marked: unknown[] = await tx.query(
    `WITH marked AS (
       UPDATE placement SET serving_at = clock_timestamp() WHERE tenant = $1 AND epoch = $2 AND is_current AND serving_at IS NULL RETURNING tenant)
     SELECT pg_notify($3, tenant) FROM marked`,
    [held.tenant, held.epoch, servingChannel],
  );
  if (marked.length === 0) return null;
  return await recordTenantChange(tx, context, tools, 'lapidary.tenant.serving.v1', held.tenant, { epoch: held.epoch });
};
