import { z } from 'zod';

/** Published by each router on routers.<region>.heartbeat every few seconds; the control plane shows how far behind it is. */
export const RouterHeartbeatSchema = z.object({
  router: z.string().min(1).max(63),
  atMs: z.number().int(),
  directory: z.object({
    source: z.enum(['live', 'disk']),
    cursor: z.number().int().min(0),
    entries: z.number().int().min(0),
    /** Since the directory was last confirmed by its source. */
    ageMs: z.number().int().min(0),
  }),
});
export type RouterHeartbeat = z.infer<typeof RouterHeartbeatSchema>;
