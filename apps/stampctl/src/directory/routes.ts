import { domainToASCII } from 'node:url';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { isFrozenByLabel } from '@lapidary/contracts/tenant-labels';
import { isTenantId } from '@lapidary/kernel/names';
import type { Api } from '../client/api.js';

/** Where requests for a host go, as an engine that is not ours has to know it. */
export interface StampBound {
  readonly host: string;
  readonly tenant: string;
  readonly stamp: string;
  readonly epoch: number;
}

/** A host that is known and must be forwarded nowhere now: 503 with Retry-After at the edge, as the router answers. */
export interface HeldHost {
  readonly host: string;
  readonly tenant: string;
  readonly retryAfterSeconds: number;
}
export type HostRoute = StampBound | HeldHost;

export const isHeld = (route: HostRoute): route is HeldHost => 'retryAfterSeconds' in route;

/** Room is made by people or by policy, in tens of seconds at best. */
const pendingRetrySeconds = 10;
/** A switch takes seconds, and a feeder looks every two. */
const frozenRetrySeconds = 2;

type Target = Omit<StampBound, 'host'> | Omit<HeldHost, 'host'>;

/** null: suspended and deleted tenants are nobody's at such an edge. */
const targetOf = ({ id, status, placement, labels }: TenantView): Target | null => {
  if (status === 'pending') return { tenant: id, retryAfterSeconds: pendingRetrySeconds };
  if (status !== 'placed' || !placement) return null;
  if (isFrozenByLabel(labels)) return { tenant: id, retryAfterSeconds: frozenRetrySeconds };
  return { tenant: id, stamp: placement.stamp, epoch: placement.epoch };
};

/** RFC 1035 §2.3.4, without the final dot. */
const hostLengthMax = 253;
/** At least two labels: one alone may be a word of an engine's own ("default"). */
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A name that a tenant claims, as clients ask for it, or null: what is no host name would be read by an engine as something else. Below the base domain a tenant's id means
 * that tenant, whoever claims it, as in the router.
 */
const claimedHost = (name: string, baseDomain: string): string | null => {
  const host = domainToASCII(name.replace(/\.$/, ''));
  if (host.length > hostLengthMax || !hostName.test(host)) return null;
  const suffix = `.${baseDomain}`;
  return host.endsWith(suffix) && isTenantId(host.slice(0, -suffix.length)) ? null : host;
};

/** The hosts of all tenants that are placed or will be, in order; a host that two claim at the moment goes to the one that is named last. */
export const hostRoutes = (tenants: readonly TenantView[], baseDomain: string): HostRoute[] => {
  const routes = new Map<string, HostRoute>();
  for (const tenant of tenants) {
    const target = targetOf(tenant);
    if (!target) continue;
    const claimed = tenant.hosts.map((name) => claimedHost(name, baseDomain)).filter((host) => host !== null);
    for (const host of [`${tenant.id}.${baseDomain}`, ...claimed]) routes.set(host, { host, ...target });
  }
  return [...routes.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
};

export interface ExportedDirectory {
  readonly routes: readonly HostRoute[];
  readonly stamps: readonly StampView[];
}

export const readDirectory = async (api: Api, baseDomain: string): Promise<ExportedDirectory> => {
  const [tenants, stamps] = await Promise.all([api.tenants({}, Infinity), api.stamps({}, Infinity)]);
  return { routes: hostRoutes(tenants.items, baseDomain), stamps: stamps.items.filter(({ status }) => status === 'active') };
};
