import { z } from 'zod';

/** What the address holds: a link shows the same conflicts to whoever opens it. */
export const ConflictSearchSchema = z.object({
  /** Whose; without it those of the region that answers. */
  region: z.string().max(63).optional().catch(undefined),
  collection: z.string().max(63).optional().catch(undefined),
  tenant: z.string().max(63).optional().catch(undefined),
  conflict: z.string().max(200).optional().catch(undefined),
});
export type ConflictSearch = z.infer<typeof ConflictSearchSchema>;
