import { RegionNameSchema, TenantIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { timeOf } from './dead-letter-choice.js';

/** Which conflicts are meant. */
export const ConflictChoiceFields = z.object({
  region: RegionNameSchema.optional(),
  subject: z.string().max(200).optional(),
  collection: z.string().max(63).optional(),
  tenant: TenantIdSchema.optional(),
  since: z.string().optional(),
  until: z.string().optional(),
});

export const conflictQuery = (
  { since, until, ...choice }: z.infer<typeof ConflictChoiceFields>,
  nowMs: number,
): Record<string, string | undefined> => ({ ...choice, since: timeOf(since, nowMs), until: timeOf(until, nowMs) });
