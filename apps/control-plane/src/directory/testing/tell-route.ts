import { inTransaction } from '@lapidary/db/transaction';
import type { TestRegion } from '../../outbox/testing/test-region.js';
import { recordTenantRoute } from '../record-route.js';

/** A tenant of the region that is placed, under this epoch, as its directory is told. */
export const tellRoute = async (
  { dataSource, name }: Pick<TestRegion, 'dataSource' | 'name'>,
  tenant: string,
  epoch: number,
): Promise<void> =>
  await inTransaction(dataSource, async (tx) =>
    recordTenantRoute(tx, { kind: 'tenant', tenant, region: name, status: 'placed', stamp: null, epoch, hosts: [] }, null),
  );
