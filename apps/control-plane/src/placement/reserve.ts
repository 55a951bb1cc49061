import type { Tx } from '@lapidary/db/transaction';
import type { TenantFacts } from './facts.js';

/**
 * I2: takes the units if they are still free at the moment of the update, under the row's lock; false where another
 * placement was faster or the stamp has meanwhile become unfit: every rule that another transaction can change the answer of is asked here again. The check constraint on the table is the second wall.
 */
export const reserve = async (tx: Tx, tenant: TenantFacts, stamp: string): Promise<boolean> => {
  const taken: unknown[] = await tx.query(
    `WITH taken AS (
       UPDATE stamp SET used_units = used_units + $2, tenant_count = tenant_count + 1,
              dedicated_tenant = CASE WHEN isolation = 'dedicated' THEN $3 ELSE dedicated_tenant END
        WHERE name = $1 AND status = 'active' AND NOT cordoned AND region = $4 AND isolation = $5
          AND held_by_rollout IS NULL AND health IN ('healthy', 'unknown')
          AND used_units + reserved_units + $2 <= capacity_units AND (isolation = 'pooled' OR tenant_count = 0)
        RETURNING name)
     SELECT name FROM taken`,
    [stamp, tenant.weight, tenant.id, tenant.homeRegion, tenant.tier],
  );
  return taken.length > 0;
};

/** Gives the units of a placement that has ended back to its stamp. */
export const release = async (tx: Tx, tenant: string, stamp: string, units: number): Promise<void> => {
  await tx.query(
    `UPDATE stamp SET used_units = used_units - $2, tenant_count = tenant_count - 1,
            dedicated_tenant = CASE WHEN dedicated_tenant = $3 THEN NULL ELSE dedicated_tenant END
      WHERE name = $1`,
    [stamp, units, tenant],
  );
};
