import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';

/** For tests: entries as the directory hands them out. */
export const tenantRoute = (over: Partial<TenantRoute> = {}): TenantRoute => ({
  kind: 'tenant',
  tenant: 'acme',
  region: 'eu',
  status: 'placed',
  stamp: 'eu-1',
  epoch: 1,
  hosts: [],
  ...over,
});
export const stampRoute = (over: Partial<StampRoute> = {}): StampRoute => ({
  kind: 'stamp',
  stamp: 'eu-1',
  region: 'eu',
  status: 'active',
  epoch: 1,
  frontDoors: ['http://a', 'http://b'],
  ...over,
});

export const nothingTried: ReadonlySet<string> = new Set();
