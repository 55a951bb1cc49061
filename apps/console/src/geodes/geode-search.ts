import { z } from 'zod';

/** What the address holds; without a region the one that answers. */
export const GeodeSearchSchema = z.object({ region: z.string().max(63).optional().catch(undefined) });
export type GeodeSearch = z.infer<typeof GeodeSearchSchema>;
