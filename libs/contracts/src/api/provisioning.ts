import { z } from 'zod';
import { StampSpecSchema } from '../stamp-spec.js';
import { stampStatuses } from './stamps.js';

/** POST /v1/stamps/:name/provision?dryRun=true: what would be built; nothing is written. */
export const ProvisionQuerySchema = z.object({
  dryRun: z.stringbool().default(false).meta({ description: 'Only resolve the spec and say what would change' }),
});

export const ProvisionPlanSchema = z
  .object({
    spec: StampSpecSchema,
    specDigest: z.string(),
    source: z.enum(['file', 'defaults']).meta({ description: 'stamps/<name>.yaml over the defaults, or the defaults alone' }),
    overrides: z.array(z.string()).meta({ description: 'Fields that were asked for on top of the files, now or before' }),
    stamp: z
      .object({ status: z.enum(stampStatuses) })
      .nullable()
      .meta({ description: 'The stamp as it is; null: it would be new' }),
    changed: z.array(z.string()).meta({ description: 'Paths of the spec that differ from the stamp as it is' }),
  })
  .meta({ id: 'ProvisionPlan' });
export type ProvisionPlan = z.infer<typeof ProvisionPlanSchema>;
