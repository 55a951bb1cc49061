import { z } from 'zod';
import { LimitsDocumentSchema } from '../limits.js';
import { RegionNameSchema } from './common.js';

/** The limits that hold in a region. Version 0: nobody has set any, the defaults hold. */
export const LimitsSchema = z
  .object({
    region: RegionNameSchema,
    version: z.number().int().min(0),
    changedBy: z.string().nullable(),
    changedAt: z.string().nullable(),
    reason: z.string().nullable(),
    document: LimitsDocumentSchema,
  })
  .meta({ id: 'Limits' });
export type LimitsView = z.infer<typeof LimitsSchema>;
