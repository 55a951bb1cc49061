import type { TenantView } from '@lapidary/contracts/api/tenants';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { requireMatch } from '../http/etag.js';
import { allowsRegion } from '../placement/rules/residency.js';
import { release } from '../placement/reserve.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { noteResidency } from '../residency/note-residency.js';
import { giveHosts } from './give-hosts.js';
import { routeOthers, writeClaims } from './host-claims.js';
import { recordTenantChange } from './record-tenant.js';
import { tenantViewOf, type TenantRow, type TenantTools } from './tenant-row.js';
import { tenantTransitions } from './tenant-states.js';
import { lockTenant } from './tenant-store.js';

export interface TenantChange {
  readonly id: string;
  readonly labels?: Record<string, string> | undefined;
  readonly residency?: readonly string[] | undefined;
  /** Beside the default one. */
  readonly hosts?: readonly string[] | undefined;
  readonly ifMatch: string | undefined;
}

/** Replaces labels, residency, host names or several of these. Equal ones change nothing. */
export const updateTenant = async (tx: Tx, context: CommandContext, tools: TenantTools, change: TenantChange): Promise<TenantView> => {
  const row = await lockTenant(tx, change.id);
  assertOwnRegion(context, row.home_region, `tenant ${change.id}`);
  if (row.status === 'deleted') throw new AppError('illegal_transition', `Tenant ${change.id} is deleted`);
  requireMatch(change.ifMatch, row.version);
  const hosts = Object.keys(row.host_claims ?? {}).sort();
  const before = { labels: row.labels, residency: row.residency, hosts };
  const after = {
    labels: change.labels ?? row.labels,
    residency: [...new Set(change.residency ?? row.residency)],
    hosts: [...new Set(change.hosts ?? hosts)].sort(),
  };
  if (canonicalJson(before) === canonicalJson(after)) return tenantViewOf(row, tools.baseDomain);
  await refuseResidency(tx, row, after.residency);
  await noteResidency(tx, change.id, before.residency, after.residency);
  const moved = change.hosts === undefined ? [] : await giveHosts(tx, tools, row, change.hosts);
  await tx.query(
    `UPDATE tenant SET labels = $2::jsonb, residency = $3, hlc = $4, version = version + 1, updated_at = now() WHERE id = $1`,
    [change.id, JSON.stringify(after.labels), after.residency, tools.clock.tick()],
  );
  const view = await recordTenantChange(tx, context, tools, 'lapidary.tenant.updated.v1', change.id, { before, after });
  await routeOthers(tx, context.region, change.id, moved);
  return view;
};

/** I3: neither the home region nor the stamp that holds the tenant may be left out. */
const refuseResidency = async (tx: Tx, row: TenantRow, residency: readonly string[]): Promise<void> => {
  const places = await rowsOf<{ name: string; jurisdiction: string }>(
    tx,
    'SELECT name, jurisdiction FROM region WHERE name = $1 OR name = (SELECT region FROM stamp WHERE name = $2) ORDER BY name',
    [row.home_region, row.stamp],
  );
  const outside = places.find((place) => !allowsRegion(residency, place.name, place.jurisdiction));
  if (!outside) return;
  const message = `[${residency.join(', ')}] leaves out ${outside.name}, where tenant ${row.id} is`;
  throw new AppError('residency_conflict', message, { fields: [{ path: 'residency', message }] });
};

/** Ends the placement, gives its units and its host names back and leaves a tombstone. Deleting again changes nothing. */
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
  const freed = await writeClaims(tx, change.id, {});
  await tx.query(
    `UPDATE tenant SET status = $2, status_reason = $3, pending_since = NULL, hlc = $4, version = version + 1, updated_at = now() WHERE id = $1`,
    [change.id, status, context.reason, tools.clock.tick()],
  );
  const view = await recordTenantChange(tx, context, tools, 'lapidary.tenant.deleted.v1', change.id, {
    from: row.status,
    stamp: row.stamp,
    epoch: row.epoch,
  });
  await routeOthers(tx, context.region, change.id, freed);
  return view;
};

const endPlacement = async (tx: Tx, row: TenantRow): Promise<void> => {
  if (row.stamp === null || row.units === null) return;
  await tx.query(`UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current`, [row.id]);
  await release(tx, row.id, row.stamp, row.units);
  await notifyCapacity(tx, row.home_region);
};
