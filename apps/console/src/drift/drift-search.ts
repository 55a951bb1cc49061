import { findingStates } from '@lapidary/contracts/api/drift';
import { driftKinds } from '@lapidary/contracts/drift-kinds';
import { z } from 'zod';

/** What the address holds: a link shows the same findings to whoever opens it. */
export const DriftSearchSchema = z.object({
  state: z
    .enum([...findingStates, 'all'])
    .optional()
    .catch(undefined),
  kind: z.enum(driftKinds).optional().catch(undefined),
  finding: z.string().max(60).optional().catch(undefined),
});
export type DriftSearch = z.infer<typeof DriftSearchSchema>;
