import { z } from 'zod';

/** What the address holds: a link shows the same rows to whoever opens it. */
export const AuditSearchSchema = z.object({
  subject: z.coerce.string().max(200).optional().catch(undefined),
  entry: z.string().max(60).optional().catch(undefined),
});
export type AuditSearch = z.infer<typeof AuditSearchSchema>;
