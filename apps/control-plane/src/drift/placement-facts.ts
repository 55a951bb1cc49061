import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { allowedIn } from '../residency/holding.js';

/** A tenant on a stamp where its residency does not let it be (I3). */
export interface OutsideTenant {
  readonly tenant: string;
  readonly residency: readonly string[];
  readonly stamp: string;
  readonly region: string;
}

/** A stamp for one tenant, with several. */
export interface CrowdedStamp {
  readonly stamp: string;
  readonly tenants: readonly string[];
}

export interface PlacementFacts {
  readonly outside: readonly OutsideTenant[];
  readonly crowded: readonly CrowdedStamp[];
  /** Subjects of findings that stand: what is in order again is among them. */
  readonly standing: readonly string[];
}

/** By the rows as they are, whoever wrote them: placement itself never decides so. Tenants of this region, stamps of this region. */
export const readPlacementFacts = async (reader: Reader, region: string): Promise<PlacementFacts> => ({
  outside: await rowsOf<OutsideTenant>(
    reader,
    `SELECT t.id AS tenant, t.residency, s.name AS stamp, s.region FROM tenant t
       JOIN placement p ON p.tenant = t.id AND p.is_current JOIN stamp s ON s.name = p.stamp JOIN region r ON r.name = s.region
      WHERE t.home_region = $1 AND NOT ${allowedIn('t', 'r')} ORDER BY t.id`,
    [region],
  ),
  crowded: await rowsOf<CrowdedStamp>(
    reader,
    `SELECT s.name AS stamp, array_agg(p.tenant ORDER BY p.tenant) AS tenants FROM stamp s
       JOIN placement p ON p.stamp = s.name AND p.is_current
      WHERE s.region = $1 AND s.isolation = 'dedicated' GROUP BY s.name HAVING count(*) > 1 ORDER BY s.name`,
    [region],
  ),
  standing: (
    await rowsOf<{ subject: string }>(reader, `SELECT DISTINCT subject FROM drift_finding WHERE kind = 'placement' AND resolved_at IS NULL`)
  ).map((row) => row.subject),
});

export const plantedTenant = (nonce: string, n: 1 | 2): string => `planted-${nonce}-${n}`;

/** Two tenants on one planted stamp that is for one, and that their residency does not allow. */
export const plantPlacements = async (tx: Tx, region: string, stamp: string, nonce: string): Promise<void> => {
  await tx.query(`UPDATE stamp SET isolation = 'dedicated' WHERE name = $1`, [stamp]);
  for (const n of [1, 2] as const) {
    const tenant = plantedTenant(nonce, n);
    await tx.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, residency, hlc) VALUES ($1, $2, 'placed', 1, 'pooled', '{nowhere}', '')`,
      [tenant, region],
    );
    await tx.query('INSERT INTO placement (tenant, epoch, stamp, units) VALUES ($1, 1, $2, 1)', [tenant, stamp]);
  }
};
