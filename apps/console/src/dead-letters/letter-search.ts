import { eventDeadLetterStates } from '@lapidary/contracts/api/replication';
import { z } from 'zod';
import { RegionSearchField } from '../shell/region-search.js';

/** What the address holds: a link shows the same letters to whoever opens it. */
export const LetterSearchSchema = z.object({
  region: RegionSearchField,
  state: z.enum(eventDeadLetterStates).optional().catch(undefined),
  origin: z.string().max(63).optional().catch(undefined),
  letter: z.string().max(60).optional().catch(undefined),
});
export type LetterSearch = z.infer<typeof LetterSearchSchema>;
