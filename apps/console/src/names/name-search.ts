import { z } from 'zod';
import { nameKinds } from './name-rows.js';

/** What the address holds: a link shows the same names to whoever opens it. */
export const NameSearchSchema = z.object({
  q: z.coerce.string().max(100).optional().catch(undefined),
  kind: z.enum(nameKinds).optional().catch(undefined),
  page: z.coerce.number().int().min(1).optional().catch(undefined),
});
export type NameSearch = z.infer<typeof NameSearchSchema>;
