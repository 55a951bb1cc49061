import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { HostClaims } from '@lapidary/contracts/host-claims';
import type { Tx } from '@lapidary/db/transaction';
import { winnerOf } from '@lapidary/replication/name-claim';
import { othersClaims, routeOthers, writeClaims } from '../tenants/host-claims.js';
import { recordNameConflict } from './conflicts.js';

/** Names of a tenant and when its home region gave them out, as told beside the tenant. */
export interface ToldClaims {
  /** Hybrid logical time of the claim of its id. */
  readonly id: string;
  readonly hosts: HostClaims;
}

/** A region of an older version tells of hosts alone, which counted as claimed with the id. The first of them derives from the id. */
export const toldClaims = (tenant: TenantView, id: string, hosts: HostClaims | undefined): ToldClaims => ({
  id,
  hosts: tenant.status === 'deleted' ? {} : (hosts ?? Object.fromEntries(tenant.hosts.slice(1).map((host) => [host, id]))),
});

/**
 * Writes the claims of a tenant's host names as its home region told them; who has a name that two tenants claim follows from the claims
 * (tenant-row.ts), whatever order they came in (I6). Two that were given out in regions that did not hear each other go to the ledger in those two:
 * elsewhere the end of the first claim may just be on its way.
 */
export const applyHosts = async (
  tx: Tx,
  region: string,
  tenant: TenantView,
  { hosts }: ToldClaims,
  onConflict: (subject: string, peer: string) => void,
): Promise<void> => {
  const changed = await writeClaims(tx, tenant.id, hosts);
  const claimed = changed.filter((host) => hosts[host] !== undefined);
  for (const other of await othersClaims(tx, tenant.id, claimed)) {
    if (other.region !== region || tenant.region === region) continue;
    const mine = { region: other.region, hlc: other.hlc, tenant: other.tenant };
    const theirs = { region: tenant.region, hlc: hosts[other.hostname]!, tenant: tenant.id as string };
    const { winner, loser } = winnerOf(mine, theirs);
    if (await recordNameConflict(tx, other.hostname, winner, loser, 'host')) onConflict(`host/${other.hostname}`, tenant.region);
  }
  await routeOthers(tx, region, tenant.id, changed);
};
