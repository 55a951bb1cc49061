import { z } from 'zod';

/** What the address holds: a link asks the same of the same region's routers. */
export const RouteSearchSchema = z.object({
  host: z.coerce.string().max(255).optional().catch(undefined),
  path: z.string().max(2048).optional().catch(undefined),
  region: z.string().max(20).optional().catch(undefined),
});
export type RouteSearch = z.infer<typeof RouteSearchSchema>;
