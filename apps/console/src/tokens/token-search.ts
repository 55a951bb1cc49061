import { z } from 'zod';

/** What the address holds. Left out: those that may still let somebody in. */
export const TokenSearchSchema = z.object({ show: z.enum(['all']).optional().catch(undefined) });
