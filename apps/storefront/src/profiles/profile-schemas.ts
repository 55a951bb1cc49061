import { z } from 'zod';
import { LabelsSchema } from '@lapidary/contracts/api/common';

export const ProfileIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a profile id has up to 64 letters, digits, dots, hyphens and underscores');

export const PutProfileSchema = z.strictObject({
  displayName: z.string().min(1).max(200),
  email: z.email().max(254).nullable().default(null),
  attributes: LabelsSchema.default({}),
});
export type PutProfile = z.infer<typeof PutProfileSchema>;
