import { z } from 'zod';

/** How far back, in hours: what happened just now, in a shift, in a week, in a month. */
export const auditWindows = { '1h': 1, '8h': 8, '7d': 168, '30d': 720 } as const;
export type AuditWindow = keyof typeof auditWindows;

const text = z.coerce.string().max(200).optional().catch(undefined);

/** What the address holds: a link shows the same rows to whoever opens it. */
export const AuditSearchSchema = z.object({
  subject: text,
  actor: text,
  action: text,
  since: z.enum(['1h', '8h', '7d', '30d']).optional().catch(undefined),
  entry: z.string().max(60).optional().catch(undefined),
});
export type AuditSearch = z.infer<typeof AuditSearchSchema>;
