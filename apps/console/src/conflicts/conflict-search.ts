import { z } from 'zod';
import { RegionSearchField } from '../shell/region-search.js';

/** What the address holds: a link shows the same conflicts to whoever opens it. */
export const ConflictSearchSchema = z.object({
  region: RegionSearchField,
  collection: z.string().max(63).optional().catch(undefined),
  tenant: z.string().max(63).optional().catch(undefined),
  conflict: z.string().max(200).optional().catch(undefined),
});
export type ConflictSearch = z.infer<typeof ConflictSearchSchema>;
