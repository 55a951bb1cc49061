import { z } from 'zod';

/** The local provider's configuration: the stack's config in the name space `lapidary`. */
export const LocalSettingsSchema = z.object({
  /** Superuser URL of the region's Postgres. */
  postgresAdminUrl: z.string().startsWith('postgres'),
  /** Directory that the local supervisor watches. */
  processDir: z.string().min(1),
  /** Root of the installation, where apps/<name>/dist is found. */
  rootDir: z.string().min(1),
});
export type LocalSettings = z.infer<typeof LocalSettingsSchema>;
