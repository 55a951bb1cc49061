import type { StampView } from '@lapidary/contracts/api/stamps';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { Api } from '../client/api.js';

/** Where requests for a host go, as an engine that is not ours has to know it. */
export interface HostRoute {
  readonly host: string;
  readonly tenant: string;
  readonly stamp: string;
  readonly epoch: number;
}

/** The hosts of all placed tenants, in order; a host that two tenants claim at the moment goes to the one that is named last. */
export const hostRoutes = (tenants: readonly TenantView[], baseDomain: string): HostRoute[] => {
  const routes = new Map<string, HostRoute>();
  for (const { id, status, placement, hosts } of tenants) {
    if (status !== 'placed' || !placement) continue;
    const route = { tenant: id, stamp: placement.stamp, epoch: placement.epoch };
    for (const host of [`${id}.${baseDomain}`, ...hosts.map((name) => name.toLowerCase())]) routes.set(host, { host, ...route });
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
