import { z } from 'zod';

/** Null where the system tells none; without it the file is of an older version. */
const startTicks = z.number().nullable().optional();

/** .lapidary/run.json: what a running `npm start` tells scripts and stampctl. Removed when it stops. */
export const RunFileSchema = z.object({
  ready: z.boolean(),
  supervisorPid: z.number().int(),
  /** With the number it names that process for good (kernel/process-identity.ts). */
  supervisorStartTicks: startTicks,
  startedAt: z.string(),
  console: z.url(),
  tokenFile: z.string(),
  regions: z.record(z.string(), z.object({ api: z.url(), router: z.url(), routerAdmin: z.url(), nats: z.string(), postgres: z.string() })),
  processes: z.array(z.object({ name: z.string(), pid: z.number().int(), startTicks })),
});
export type RunFile = z.infer<typeof RunFileSchema>;
