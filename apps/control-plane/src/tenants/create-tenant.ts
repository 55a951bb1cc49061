import type { CreateTenant, TenantView } from '@lapidary/contracts/api/tenants';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { CommandContext } from '../http/command-context.js';
import { allowsRegion } from '../placement/rules/residency.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { placeTenant } from './place-tenant.js';
import { recordTenantChange } from './record-tenant.js';
import type { TenantTools } from './tenant-row.js';
import { getTenant } from './tenant-store.js';

export interface CreatedTenant {
  readonly tenant: TenantView;
  readonly lostRaces: number;
}

/**
 * Claims the id, then places the tenant or leaves it pending. The id of a deleted tenant stays claimed: old links and
 * old data must never lead to a new customer.
 */
export const createTenant = async (tx: Tx, context: CommandContext, tools: TenantTools, input: CreateTenant): Promise<CreatedTenant> => {
  await refuseRegion(tx, input);
  assertOwnRegion(context, input.region, `tenant ${input.id}`);
  await claim(tx, tools, input);
  const created = await recordTenantChange(tx, context, tools, 'lapidary.tenant.created.v1', input.id, {
    weight: input.weight,
    residency: input.residency,
    tier: input.tier,
    labels: input.labels,
  });
  const placed = await placeTenant(tx, context, tools, await getTenant(tx, input.id), { recordPending: true });
  return { tenant: placed.tenant ?? created, lostRaces: placed.lostRaces };
};

/** I3: a home region that the residency excludes would leave the tenant without any stamp, for ever. */
const refuseRegion = async (tx: Tx, input: CreateTenant): Promise<void> => {
  const [region]: { jurisdiction: string }[] = await tx.query(`SELECT jurisdiction FROM region WHERE name = $1`, [input.region]);
  if (!region) {
    throw new AppError('unknown_region', `There is no region ${input.region}`, { fields: [{ path: 'region', message: 'unknown' }] });
  }
  if (allowsRegion(input.residency, input.region, region.jurisdiction)) return;
  const message = `[${input.residency.join(', ')}] allows neither ${input.region} nor its jurisdiction ${region.jurisdiction}`;
  throw new AppError('residency_conflict', message, { fields: [{ path: 'residency', message }] });
};

const claim = async (tx: Tx, tools: TenantTools, input: CreateTenant): Promise<void> => {
  const claimed: unknown[] = await tx.query(
    `INSERT INTO tenant (id, home_region, status, status_reason, weight, residency, tier, labels, pending_since, hlc, claim_hlc)
     VALUES ($1, $2, 'pending', 'no stamp takes it yet', $3, $4, $5, $6::jsonb, clock_timestamp(), $7, $7) ON CONFLICT (id) DO NOTHING RETURNING id`,
    [input.id, input.region, input.weight, input.residency, input.tier, JSON.stringify(input.labels), tools.clock.tick()],
  );
  if (claimed.length === 0) throw new AppError('name_taken', `The tenant id ${input.id} is taken`);
};
