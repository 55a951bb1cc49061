import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { systemContext } from '../../http/command-context.js';
import type { TestRegion } from '../../outbox/testing/test-region.js';
import { recordStampChange } from '../../stamps/record-stamp.js';
import { recordTenantChange } from '../../tenants/record-tenant.js';

/** A stamp of the region's own, with its row, as provisioning leaves it. */
export const addOwnStamp = async ({ dataSource, name: region, clock }: TestRegion, name: string): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    await tx.query(
      `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, labels, spec, epoch, health)
       VALUES ($1, $2, 'active', 'broad', 'small', 'pooled', 'local', 100, '{}', '{}', 1, 'healthy')`,
      [name, region],
    );
    await recordStampChange(tx, systemContext(region, 'test', newId()), clock, 'lapidary.stamp.updated.v1', name, {});
  });

/** Places a tenant of the region, or moves it, under its next epoch: rows, route, event. */
export const placeOwnTenant = async ({ dataSource, name: region, clock }: TestRegion, id: string, stamp: string): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    await tx.query(
      `INSERT INTO tenant AS t (id, home_region, status, weight, tier, hlc, claim_hlc, placement_epoch) VALUES ($1, $2, 'placed', 1, 'pooled', $3, $3, 1)
       ON CONFLICT (id) DO UPDATE SET placement_epoch = t.placement_epoch + 1, version = t.version + 1, updated_at = now()`,
      [id, region, clock.tick()],
    );
    await tx.query(
      'UPDATE stamp SET used_units = used_units - 1, tenant_count = tenant_count - 1 WHERE name = (SELECT stamp FROM placement WHERE tenant = $1 AND is_current)',
      [id],
    );
    await tx.query('UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current', [id]);
    await tx.query(
      'INSERT INTO placement (tenant, epoch, stamp, units, decided_at) SELECT id, placement_epoch, $2, 1, now() FROM tenant WHERE id = $1',
      [id, stamp],
    );
    await tx.query('UPDATE stamp SET used_units = used_units + 1, tenant_count = tenant_count + 1 WHERE name = $1', [stamp]);
    const tools = { clock, baseDomain: 'test' };
    await recordTenantChange(tx, systemContext(region, 'test', newId()), tools, 'lapidary.tenant.placed.v1', id, {});
  });
