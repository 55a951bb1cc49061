import { z } from 'zod';

/** What the address holds: the roll-out that is open beside the list. */
export const RolloutSearchSchema = z.object({ rollout: z.string().max(60).optional().catch(undefined) });
