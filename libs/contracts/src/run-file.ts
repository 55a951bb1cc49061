import { z } from 'zod';

/** .lapidary/run.json: what a running `npm start` tells scripts and stampctl. Removed when it stops. */
export const RunFileSchema = z.object({
  ready: z.boolean(),
  supervisorPid: z.number().int(),
  startedAt: z.string(),
  console: z.url(),
  tokenFile: z.string(),
  regions: z.record(z.string(), z.object({ api: z.url(), router: z.url(), routerAdmin: z.url(), nats: z.string(), postgres: z.string() })),
  processes: z.array(z.object({ name: z.string(), pid: z.number().int() })),
});
export type RunFile = z.infer<typeof RunFileSchema>;
