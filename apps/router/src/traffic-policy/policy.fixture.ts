import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';

/** For tests: entries as the directory hands them out. */
export const stampRoute = (over: Partial<StampRoute> = {}): StampRoute => ({
  kind: 'stamp',
  stamp: 'eu-1',
  region: 'eu',
  status: 'active',
  epoch: 1,
  frontDoors: ['http://a', 'http://b'],
  ...over,
});
export const tenantRoute = (tenant = 'acme', stamp = 'eu-1'): TenantRoute => ({
  kind: 'tenant',
  tenant,
  region: 'eu',
  status: 'placed',
  stamp,
  epoch: 1,
  hosts: [],
});
export const nothingTried: ReadonlySet<string> = new Set();
