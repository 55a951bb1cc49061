import { tenantStatuses } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';

/** What the address holds: a link shows the same to whoever opens it. Rubbish in it counts as not given. */
export const FleetSearchSchema = z.object({
  region: z.string().max(20).optional().catch(undefined),
  q: z.coerce.string().max(100).optional().catch(undefined),
  status: z.enum(tenantStatuses).optional().catch(undefined),
  page: z.coerce.number().int().min(1).optional().catch(undefined),
  tenant: z.string().max(63).optional().catch(undefined),
  job: z.string().max(60).optional().catch(undefined),
});
export type FleetSearch = z.infer<typeof FleetSearchSchema>;
