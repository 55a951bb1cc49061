import { z } from 'zod';

/** The agent hands the workload its token here (PUT); nothing from outside reaches paths below /_lapidary/. */
export const workloadCredentialsPath = '/_lapidary/credentials';

/** Body of that request. A workload that has no use for it answers 404. */
export const WorkloadCredentialsSchema = z.object({
  collections: z.object({
    /** Address of the region's API. */
    url: z.url(),
    token: z.string().min(16).max(512),
    expiresAt: z.iso.datetime(),
  }),
});
export type WorkloadCredentialsBody = z.infer<typeof WorkloadCredentialsSchema>;
