import { z } from 'zod';
import { CapacityPolicySchema } from '../stamp-spec.js';
import { JobIdSchema, pageOf, RegionNameSchema, StampNameSchema, TimeSchema } from './common.js';
import { isolations } from './stamps.js';

/** Why another stamp is due, the most pressing first. */
export const capacityTriggers = ['pending', 'headroom', 'forecast'] as const;
export const capacityActions = ['none', 'suggest', 'build'] as const;
/** Why one that is due is not built now. */
export const capacityBlocks = ['mode_off', 'no_spec', 'stamps_max', 'cost_max', 'cost_unknown', 'building', 'cooldown'] as const;

export const CapacityFiguresSchema = z.object({
  stamps: z.number().int().meta({ description: 'Stamps of the region that are not retired' }),
  units: z.object({ total: z.number().int(), free: z.number().int() }).meta({ description: 'Of pooled stamps that take tenants' }),
  headroomPercent: z.number().nullable().meta({ description: 'Null while no pooled stamp takes tenants' }),
  pending: z.object({
    tenants: z.number().int(),
    units: z.number().int(),
    unfitUnits: z.number().int().meta({ description: 'For which no stamp has room now' }),
    tooLarge: z.array(z.string()).meta({ description: 'Tenants that would not fit on a new stamp either' }),
  }),
  netUnitsPerDay: z.number().nullable().meta({ description: 'Units placed less units given back, over the window; null without any' }),
  daysToFull: z.number().nullable().meta({ description: 'At that rate; null while it does not fill up' }),
  leadTimeDays: z.number().meta({ description: 'leadTimeFactor times as long as nine of ten builds take' }),
  buildSamples: z.number().int().meta({ description: 'Builds that the lead time was measured by; 0: assumed' }),
  monthlyCostUsd: z
    .object({ now: z.number().nullable(), withNext: z.number().nullable() })
    .nullable()
    .meta({ description: 'Estimates; null without a limit' }),
});
export type CapacityFigures = z.infer<typeof CapacityFiguresSchema>;

const verdict = {
  action: z.enum(capacityActions),
  trigger: z.enum(capacityTriggers).nullable().meta({ description: 'Null: no stamp is due' }),
  blockedBy: z.enum(capacityBlocks).nullable(),
  stamp: StampNameSchema.nullable().meta({ description: 'The stamp that would be built' }),
  isolation: z.enum(isolations).nullable(),
  reason: z.string().meta({ description: 'In plain words, with the numbers that decided' }),
};
export const CapacityVerdictSchema = z.object(verdict);
export type CapacityVerdict = z.infer<typeof CapacityVerdictSchema>;

export const CapacityDecisionSchema = z
  .object({
    id: JobIdSchema.meta({ description: 'Id of the decision, <region>.<ULID>' }),
    region: RegionNameSchema,
    mode: CapacityPolicySchema.shape.mode,
    ...verdict,
    figures: CapacityFiguresSchema,
    job: JobIdSchema.nullable().meta({ description: 'The job that builds it' }),
    decidedAt: TimeSchema,
    lastSeenAt: TimeSchema.meta({ description: 'Until then every look came to the same' }),
    looks: z.number().int(),
  })
  .meta({ id: 'CapacityDecision' });
export type CapacityDecision = z.infer<typeof CapacityDecisionSchema>;
export const CapacityDecisionPageSchema = pageOf(CapacityDecisionSchema).meta({ id: 'CapacityDecisionPage' });

/** GET /v1/capacity/:region: what would be decided at this moment. */
export const CapacityOutlookSchema = z
  .object({
    region: RegionNameSchema,
    policy: CapacityPolicySchema,
    figures: CapacityFiguresSchema,
    verdict: CapacityVerdictSchema,
    last: CapacityDecisionSchema.nullable().meta({ description: 'The last one that was recorded' }),
  })
  .meta({ id: 'CapacityOutlook' });
export type CapacityOutlook = z.infer<typeof CapacityOutlookSchema>;
