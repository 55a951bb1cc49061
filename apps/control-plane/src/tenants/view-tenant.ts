import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { Reader } from '@lapidary/db/transaction';
import { tenantViewOf } from './tenant-row.js';
import { getTenant } from './tenant-store.js';

/** The tenant as the API and events show it, read in the given transaction; not_found where there is none. */
export const viewTenant = async (reader: Reader, id: string, baseDomain: string): Promise<TenantView> =>
  tenantViewOf(await getTenant(reader, id), baseDomain);
