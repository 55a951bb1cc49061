import { z } from 'zod';
import { RegionSearchField } from '../shell/region-search.js';

/** How far back: what happened just now, in a shift, in a week, in a month. */
export const auditWindowNames = ['1h', '8h', '7d', '30d'] as const;
/** In hours. */
export const auditWindows: Readonly<Record<(typeof auditWindowNames)[number], number>> = { '1h': 1, '8h': 8, '7d': 168, '30d': 720 };

const text = z.coerce.string().max(200).optional().catch(undefined);

/** What the address holds: a link shows the same rows to whoever opens it. */
export const AuditSearchSchema = z.object({
  subject: text,
  actor: text,
  action: text,
  region: RegionSearchField,
  since: z.enum(auditWindowNames).optional().catch(undefined),
  entry: z.string().max(60).optional().catch(undefined),
});
export type AuditSearch = z.infer<typeof AuditSearchSchema>;
