import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { Tx } from '@lapidary/db/transaction';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { decideAndReserve, recordDecision, type Reserved } from '../placement/decide.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordTenantChange } from './record-tenant.js';
import { tenantFactsOf, type TenantRow, type TenantTools } from './tenant-row.js';
import { tenantTransitions } from './tenant-states.js';

export interface PlacementOutcome {
  /** null: there is no room; the tenant stays pending. */
  readonly tenant: TenantView | null;
  readonly lostRaces: number;
}

/**
 * Places a pending tenant whose row the caller has locked or just written: reservation (I2), next epoch (I1), decision,
 * event, route and audit in this transaction. Without room it changes nothing, unless `recordPending` asks for the
 * decision to be kept (once, at creation: later tries would only repeat it).
 */
export const placeTenant = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  row: TenantRow,
  options: { readonly recordPending: boolean },
): Promise<PlacementOutcome> => {
  assertOwnRegion(context, row.home_region, `tenant ${row.id}`);
  const status = nextState(tenantTransitions, row.status, 'place');
  const { choice, lostRaces } = await decideAndReserve(tx, tenantFactsOf(row));
  if (choice.chosen === null) {
    if (options.recordPending) await recordDecision(tx, row.id, choice, null);
    // Room may have appeared between the read and the commit that makes this tenant visible to the sweeper.
    if (options.recordPending) await notifyCapacity(tx, row.home_region);
    return { tenant: null, lostRaces };
  }
  return { tenant: await bind(tx, context, tools, row, status, choice), lostRaces };
};

const bind = async (
  tx: Tx,
  context: CommandContext,
  tools: TenantTools,
  row: TenantRow,
  status: string,
  choice: Reserved['choice'],
): Promise<TenantView> => {
  const epoch = row.placement_epoch + 1;
  const decision = await recordDecision(tx, row.id, choice, epoch);
  await tx.query(
    `INSERT INTO placement (tenant, epoch, stamp, units, decision, decided_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())`,
    [row.id, epoch, choice.chosen, row.weight, decision],
  );
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = NULL, placement_epoch = $3, pending_since = NULL, hlc = $4, version = version + 1,
            updated_at = now() WHERE id = $1`,
    [row.id, status, epoch, tools.clock.tick()],
  );
  return await recordTenantChange(tx, context, tools, 'lapidary.tenant.placed.v1', row.id, {
    stamp: choice.chosen,
    epoch,
    units: row.weight,
    decision,
  });
};
