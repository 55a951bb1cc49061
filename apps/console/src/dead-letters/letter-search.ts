import { eventDeadLetterStates } from '@lapidary/contracts/api/replication';
import { z } from 'zod';

/** What the address holds: a link shows the same letters to whoever opens it. */
export const LetterSearchSchema = z.object({
  /** Whose; without it those of the region that answers. */
  region: z.string().max(63).optional().catch(undefined),
  state: z.enum(eventDeadLetterStates).optional().catch(undefined),
  origin: z.string().max(63).optional().catch(undefined),
  letter: z.string().max(60).optional().catch(undefined),
});
export type LetterSearch = z.infer<typeof LetterSearchSchema>;
