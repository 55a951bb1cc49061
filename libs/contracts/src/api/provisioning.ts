import { z } from 'zod';
import { ProblemSchema, RegionNameSchema, StampNameSchema } from './common.js';
import { StampSpecSchema } from '../stamp-spec.js';
import { MonthlyCostSchema, PlannedChangeSchema, PolicyFindingSchema } from '../provisioner-protocol.js';
import { stampStatuses } from './stamps.js';

/** The first that says something, from the last to the first of these. */
export const versionSources = ['defaults', 'file', 'roll-out', 'asked'] as const;

/** POST /v1/stamps/:name/provision?dryRun=true: what would be built; nothing is written. */
export const ProvisionQuerySchema = z.object({
  dryRun: z.stringbool().default(false).meta({ description: 'Only resolve the spec and say what would change' }),
});

export const ProvisionPlanSchema = z
  .object({
    spec: StampSpecSchema,
    specDigest: z.string(),
    source: z.enum(['file', 'defaults']).meta({ description: 'stamps/<name>.yaml over the defaults, or the defaults alone' }),
    versionFrom: z.enum(versionSources).meta({ description: 'Where the version of the workload comes from' }),
    overrides: z.array(z.string()).meta({ description: 'Fields that were asked for on top of the files, now or before' }),
    stamp: z
      .object({ status: z.enum(stampStatuses) })
      .nullable()
      .meta({ description: 'The stamp as it is; null: it would be new' }),
    changed: z.array(z.string()).meta({ description: 'Paths of the spec that differ from the stamp as it is' }),
    engine: z.string().meta({ description: 'What made the plan' }),
    simulated: z.boolean().meta({ description: 'The cloud is a simulated one: nothing real was asked, nothing real would be built' }),
    resources: z
      .array(PlannedChangeSchema)
      .meta({ description: 'Every resource that would change, with its properties; none: no changes' }),
    unchanged: z.number().int().meta({ description: 'Resources that stay as they are' }),
    policy: z.array(PolicyFindingSchema),
    monthlyCost: MonthlyCostSchema.nullable().meta({ description: 'An estimate from a dated price table; null where there is no price' }),
    approvalsNeeded: z.array(z.string()).meta({ description: 'Resources with data that would be lost; each needs approveReplace' }),
  })
  .meta({ id: 'ProvisionPlan' });
export type ProvisionPlan = z.infer<typeof ProvisionPlanSchema>;

/** A whole fleet's plan is read by people; more stamps in one region are planned in parts. */
const plannedStampsMax = 500;

/** POST /v1/plans: plans of many stamps of one region. */
export const PlansRequestSchema = z
  .strictObject({
    region: RegionNameSchema.optional().meta({ description: 'Whose stamps; the asked region’s own if left out' }),
    stamps: z
      .array(StampNameSchema)
      .max(plannedStampsMax)
      .optional()
      .meta({ description: 'Only these; all that exist or have a file if left out' }),
  })
  .meta({ id: 'PlansRequest' });
export type PlansRequest = z.infer<typeof PlansRequestSchema>;

export const PlansSchema = z
  .object({
    region: RegionNameSchema,
    items: z.array(
      z.object({
        stamp: z.string(),
        plan: ProvisionPlanSchema.nullable(),
        problem: ProblemSchema.pick({ code: true, detail: true }).nullable().meta({ description: 'Why there is no plan of this one' }),
      }),
    ),
  })
  .meta({ id: 'Plans' });
export type Plans = z.infer<typeof PlansSchema>;
