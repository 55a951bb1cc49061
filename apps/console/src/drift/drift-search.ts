import { findingStates } from '@lapidary/contracts/api/drift';
import { driftKinds } from '@lapidary/contracts/drift-kinds';
import { z } from 'zod';
import { RegionSearchField } from '../shell/region-search.js';

/** Of the trend, in days: a week's rhythm, a review's, a quarter, and as long as findings are kept. */
export const windows = [7, 30, 90, 366] as const;
export const daysDefault = 30;

/** What the address holds: a link shows the same findings to whoever opens it. */
export const DriftSearchSchema = z.object({
  region: RegionSearchField,
  state: z
    .enum([...findingStates, 'all'])
    .optional()
    .catch(undefined),
  kind: z.enum(driftKinds).optional().catch(undefined),
  days: z.coerce
    .number()
    .refine((n) => windows.some((w) => w === n))
    .optional()
    .catch(undefined),
  finding: z.string().max(60).optional().catch(undefined),
});
export type DriftSearch = z.infer<typeof DriftSearchSchema>;
