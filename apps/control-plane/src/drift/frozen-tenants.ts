import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { frozenTenants, type FrozenTenant } from '../tenants/frozen-tenants.js';

export interface Frozen {
  readonly tenants: readonly FrozenTenant[];
  /** Subjects of open findings about freezes: what is not frozen any more is looked at, too. */
  readonly found: readonly string[];
}

/**
 * Of this region's own; with one that should have ended long ago, called `planted`. It is there for this look alone: whatever else looks at tenants would
 * miss a route of it. In a transaction that is rolled back.
 */
export const frozenAndPlanted = async (reader: Reader, region: string, planted: string): Promise<Frozen> => {
  await reader.query('SAVEPOINT frozen');
  await reader.query(
    `INSERT INTO tenant (id, home_region, status, weight, tier, hlc, labels)
     VALUES ($1, $2, 'pending', 1, 'pooled', '', '{"traffic": "frozen", "traffic-until": "2020-01-01T00:00:00Z"}')`,
    [planted, region],
  );
  const tenants = await frozenTenants(reader, region);
  await reader.query('ROLLBACK TO SAVEPOINT frozen');
  const rows = await rowsOf<{ subject: string }>(
    reader,
    `SELECT DISTINCT subject FROM drift_finding WHERE kind = 'freeze' AND resolved_at IS NULL`,
  );
  return { tenants, found: rows.map(({ subject }) => subject) };
};
