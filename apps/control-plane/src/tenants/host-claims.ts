import type { HostClaims } from '@lapidary/contracts/host-claims';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { recordTenantRoute } from '../directory/record-route.js';
import { tenantRouteOf } from './tenant-row.js';
import { lockTenant } from './tenant-store.js';

/** A claim of a host name, with what decides between two of them. */
export interface HostClaim {
  readonly hostname: string;
  readonly tenant: string;
  readonly region: string;
  readonly hlc: string;
}

/** Claims of these names by other tenants than this one. */
export const othersClaims = async (reader: Reader, tenant: string, hosts: readonly string[]): Promise<HostClaim[]> =>
  await rowsOf<HostClaim>(
    reader,
    `SELECT h.hostname, h.tenant, t.home_region AS region, h.claim_hlc AS hlc FROM tenant_hostname h JOIN tenant t ON t.id = h.tenant
      WHERE h.hostname = ANY ($2::text[]) AND h.tenant <> $1 ORDER BY h.hostname, h.tenant`,
    [tenant, hosts],
  );

/**
 * Makes these the claims of the tenant, whose row the caller has locked, until the transaction's end before anybody else who changes claims of a name
 * that comes or goes. Returns those names.
 */
export const writeClaims = async (tx: Tx, tenant: string, claims: HostClaims): Promise<string[]> => {
  const before = await rowsOf<{ hostname: string; hlc: string }>(
    tx,
    'SELECT hostname, claim_hlc AS hlc FROM tenant_hostname WHERE tenant = $1',
    [tenant],
  );
  const held = new Map(before.map(({ hostname, hlc }) => [hostname, hlc]));
  const changed = [...new Set([...held.keys(), ...Object.keys(claims)])].filter((host) => held.get(host) !== claims[host]).sort();
  if (changed.length === 0) return [];
  // One after another, in their order: of two that take the same names, one waits.
  for (const host of changed) await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('host/' || $1, 0))`, [host]);
  await tx.query('DELETE FROM tenant_hostname WHERE tenant = $1 AND hostname = ANY ($2::text[])', [tenant, changed]);
  const taken = changed.filter((host) => claims[host] !== undefined);
  await tx.query(
    'INSERT INTO tenant_hostname (hostname, tenant, claim_hlc) SELECT h, $1, c FROM unnest($2::text[], $3::text[]) AS n(h, c)',
    [tenant, taken, taken.map((host) => claims[host])],
  );
  return changed;
};

/**
 * Routes of others who claim one of these names: they have it from now on, or no longer. Their rows are locked first, so that no route is written
 * from what was so before another change.
 */
export const routeOthers = async (tx: Tx, region: string, tenant: string, hosts: readonly string[]): Promise<void> => {
  if (hosts.length === 0) return;
  const others = new Set((await othersClaims(tx, tenant, hosts)).map((claim) => claim.tenant));
  for (const other of [...others].sort()) {
    const row = await lockTenant(tx, other);
    await recordTenantRoute(tx, tenantRouteOf(row), row.home_region === region && row.status === 'placed' ? row.stamp : null);
  }
};
