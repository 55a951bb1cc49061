import type { CollectionApplyTools } from '../collections/apply-collection.js';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { TypeVersions } from '@lapidary/contracts/schemas/type-versions';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { winnerOf } from '@lapidary/replication/name-claim';
import { recordTenantRoute, routeByLabels } from '../directory/record-route.js';
import { skippedEpochs } from '../fence/skipped-epochs.js';
import { noteResidency } from '../residency/note-residency.js';
import { inheritsFrom } from '../regions/given-up-rows.js';
import { getTenant } from '../tenants/tenant-store.js';
import { applyHosts, type ToldClaims } from './apply-hosts.js';
import { recordNameConflict } from './conflicts.js';
import { isRefusedNow, refusesEpoch } from './refused-epochs.js';

export interface ApplyTools {
  readonly collections: CollectionApplyTools;
  /** Region of this geode. */
  readonly region: string;
  /** Our own tenant has lost its name: suspends it by command, as the only writer it has. Does nothing where that is done. */
  readonly suspendLoser: (tx: Tx, tenant: string, winner: string) => Promise<void>;
  /** Two regions had given out one name, and that was not known here; `peer` is the other one. */
  readonly onConflict: (subject: string, peer: string) => void;
  /** Types of events that this code reads; tests put those of an older version here. */
  readonly versions?: TypeVersions;
}

interface Existing {
  readonly home_region: string;
  readonly claim_hlc: string;
  readonly origin_sequence: string;
  readonly residency: readonly string[];
  readonly placement_epoch: number;
  readonly is_refused: boolean;
}

/** Replica of another region's tenant with its placement, or the settlement of a name that two regions gave out. */
export const applyTenant = async (
  tx: Tx,
  event: EventEnvelope,
  tenant: TenantView,
  claims: ToldClaims,
  tools: ApplyTools,
): Promise<void> => {
  if (tenant.region !== event.originregion) {
    throw new AppError('poison_event', `Region ${event.originregion} told of a tenant of region ${tenant.region}`);
  }
  const [existing] = await rowsOf<Existing>(
    tx,
    `SELECT home_region, claim_hlc, origin_sequence, residency, placement_epoch, ${isRefusedNow('tenant', 't.id')}
       FROM tenant t WHERE id = $1 FOR NO KEY UPDATE`,
    [tenant.id],
  );
  // One claim is one tenant, wherever it is at home by now (RG5); two are two that were given one name.
  const isSame = existing !== undefined && existing.home_region !== tenant.region && claims.id !== '' && existing.claim_hlc === claims.id;
  if (isSame && !(await inheritsFrom(tx, existing.home_region, tenant.region))) return;
  if (existing && !isSame && existing.home_region !== tenant.region && !(await settle(tx, existing, tenant, claims.id, tools))) return;
  if (existing?.home_region === tenant.region && Number(existing.origin_sequence) >= event.originsequence) return;
  const { placement } = tenant;
  if ((isSame || existing?.home_region === tenant.region) && placement !== null) {
    const { placement_epoch: held, is_refused: isRefused } = existing!;
    if (await refusesEpoch(tx, event, { what: 'tenant', name: tenant.id, held, told: placement.epoch, isRefused })) return;
  }
  await noteResidency(tx, tenant.id, existing?.residency ?? null, tenant.residency);
  await writeTenant(tx, tenant, claims.id, event, existing?.home_region ?? tenant.region, isSame);
  await writePlacement(tx, tenant);
  await applyHosts(tx, tools.region, tenant, claims, tools.onConflict);
  await recordTenantRoute(
    tx,
    {
      kind: 'tenant',
      tenant: tenant.id,
      region: tenant.region,
      status: tenant.status,
      stamp: tenant.placement?.stamp ?? null,
      epoch: tenant.placement?.epoch ?? (await highestEpoch(tx, tenant.id)),
      hosts: Object.keys(claims.hosts).length === 0 ? [] : (await getTenant(tx, tenant.id)).hostnames,
      ...routeByLabels(tenant.labels, tenant.residency),
    },
    null,
  );
};

/** True where the tenant that the event tells of is to be written here. */
const settle = async (tx: Tx, existing: Existing, tenant: TenantView, claim: string, tools: ApplyTools): Promise<boolean> => {
  const mine = { region: existing.home_region, hlc: existing.claim_hlc, tenant: null };
  const theirs = { region: tenant.region, hlc: claim, tenant };
  const { winner, loser } = winnerOf<typeof mine | typeof theirs>(mine, theirs);
  if (await recordNameConflict(tx, tenant.id, winner, loser)) tools.onConflict(`tenant/${tenant.id}`, tenant.region);
  if (winner === mine) return false;
  // A replica of the loser gives way to the winner; a tenant of our own stays, suspended, for a person to look after.
  if (existing.home_region !== tools.region) return true;
  await tools.suspendLoser(tx, tenant.id, tenant.region);
  return false;
};

/**
 * `isSame`: it is told by who inherits it, which left out as many epochs (given-up/inherit.ts); while it has no placement no event says so.
 * Overwrites only what was looked at: a tenant that was created here in between is met, as a conflict, by the repeat.
 */
const writeTenant = async (
  tx: Tx,
  tenant: TenantView,
  claim: string,
  event: EventEnvelope,
  expectedHome: string,
  isSame: boolean,
): Promise<void> => {
  const written = await rowsOf(
    tx,
    `INSERT INTO tenant AS t (id, home_region, status, status_reason, weight, residency, tier, labels, placement_epoch, pending_since, hlc,
       claim_hlc, version, created_at, updated_at, origin_sequence)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16)
     ON CONFLICT (id) DO UPDATE SET home_region = excluded.home_region, status = excluded.status, status_reason = excluded.status_reason,
       weight = excluded.weight, residency = excluded.residency, tier = excluded.tier, labels = excluded.labels,
       placement_epoch = CASE WHEN $18 THEN greatest(t.placement_epoch + $19, excluded.placement_epoch)
                              WHEN t.home_region = excluded.home_region THEN greatest(t.placement_epoch, excluded.placement_epoch)
                              ELSE excluded.placement_epoch END,
       pending_since = excluded.pending_since, hlc = excluded.hlc, claim_hlc = excluded.claim_hlc, version = excluded.version,
       created_at = excluded.created_at, updated_at = excluded.updated_at, origin_sequence = excluded.origin_sequence
       WHERE t.home_region = $17
     RETURNING 1`,
    [
      tenant.id,
      tenant.region,
      tenant.status,
      tenant.statusReason,
      tenant.weight,
      tenant.residency,
      tenant.tier,
      JSON.stringify(tenant.labels),
      tenant.placement?.epoch ?? 0,
      tenant.status === 'pending' ? tenant.updatedAt : null,
      event.hlc,
      claim,
      tenant.version,
      tenant.createdAt,
      tenant.updatedAt,
      event.originsequence,
      expectedHome,
      isSame,
      skippedEpochs,
    ],
  );
  if (written.length === 0) throw new AppError('not_ready', `Tenant ${tenant.id} was created here at the same moment`);
};

const writePlacement = async (tx: Tx, { id, placement }: TenantView): Promise<void> => {
  await tx.query('UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current AND epoch <> $2', [
    id,
    placement?.epoch ?? 0,
  ]);
  if (placement === null) return;
  await tx.query(
    `INSERT INTO placement (tenant, epoch, stamp, units, decided_at, serving_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (tenant, epoch) DO UPDATE SET stamp = excluded.stamp, units = excluded.units, decided_at = excluded.decided_at,
       serving_at = excluded.serving_at, is_current = true, ended_at = NULL`,
    [id, placement.epoch, placement.stamp, placement.units, placement.decidedAt, placement.servingAt],
  );
};

const highestEpoch = async (tx: Tx, id: string): Promise<number> => {
  const [row] = await rowsOf<{ placement_epoch: number }>(tx, 'SELECT placement_epoch FROM tenant WHERE id = $1', [id]);
  return row?.placement_epoch ?? 0;
};
