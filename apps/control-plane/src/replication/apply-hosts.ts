import type { TenantView } from '@lapidary/contracts/api/tenants';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { winnerOf } from '@lapidary/replication/name-claim';
import { recordNameConflict } from './conflicts.js';

interface Holder {
  readonly hostname: string;
  readonly tenant: string;
  readonly home_region: string;
  readonly claim_hlc: string;
}

/**
 * Host names beside the default one are claims too, settled by the claims of their tenants. The first host of a view is
 * the default one and derives from the tenant's id.
 */
export const applyHosts = async (
  tx: Tx,
  tenant: TenantView,
  claim: string,
  onConflict: (subject: string, peer: string) => void,
): Promise<void> => {
  const hosts = tenant.status === 'deleted' ? [] : tenant.hosts.slice(1);
  await tx.query('DELETE FROM tenant_hostname WHERE tenant = $1 AND hostname <> ALL($2::text[])', [tenant.id, hosts]);
  if (hosts.length === 0) return;
  await tx.query(
    'INSERT INTO tenant_hostname (hostname, tenant) SELECT h, $2 FROM unnest($1::text[]) AS h ON CONFLICT (hostname) DO NOTHING',
    [hosts, tenant.id],
  );
  const others = await rowsOf<Holder>(
    tx,
    `SELECT h.hostname, h.tenant, t.home_region, t.claim_hlc FROM tenant_hostname h JOIN tenant t ON t.id = h.tenant
     WHERE h.hostname = ANY($1::text[]) AND h.tenant <> $2`,
    [hosts, tenant.id],
  );
  for (const other of others) {
    const mine = { region: other.home_region, hlc: other.claim_hlc, tenant: other.tenant };
    const theirs = { region: tenant.region, hlc: claim, tenant: tenant.id as string };
    const { winner, loser } = winnerOf(mine, theirs);
    if (await recordNameConflict(tx, other.hostname, winner, loser, 'host')) onConflict(`host/${other.hostname}`, tenant.region);
    if (winner === theirs) await tx.query('UPDATE tenant_hostname SET tenant = $2 WHERE hostname = $1', [other.hostname, tenant.id]);
  }
};
