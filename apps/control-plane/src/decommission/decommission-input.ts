import { RegionFactsSchema, StampSpecSchema } from '@lapidary/contracts/stamp-spec';
import { z } from 'zod';

/** What a decommission keeps from its acceptance, so that a resumed or retried job takes away the same. */
export const DecommissionInputSchema = z.object({
  spec: StampSpecSchema,
  regionFacts: RegionFactsSchema,
  /** What the stamp was, and is again if this ends before the point of no return; null: it is past it. */
  was: z.enum(['active', 'failed']).nullable(),
  snapshot: z.boolean(),
});
export type DecommissionInput = z.infer<typeof DecommissionInputSchema>;
