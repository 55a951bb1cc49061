import { z } from 'zod';
import { LabelsSchema, PageQuerySchema, pageOf, RegionNameSchema, StampNameSchema, TimeSchema } from './common.js';

export const stampStatuses = ['provisioning', 'active', 'failed', 'retiring', 'retired'] as const;
export const rings = ['canary', 'early', 'broad'] as const;
export const isolations = ['pooled', 'dedicated'] as const;
export const stampHealths = ['unknown', 'healthy', 'suspected', 'dead'] as const;

/** More units than this on one stamp means that the unit was chosen too small to plan with. */
export const stampUnitsMax = 1_000_000;

export const CapacitySchema = z.object({ units: z.number().int().min(1, 'a stamp has at least 1 unit of capacity').max(stampUnitsMax) });

export const StampSchema = z
  .object({
    name: StampNameSchema,
    region: RegionNameSchema,
    status: z.enum(stampStatuses),
    cordoned: z.boolean().meta({ description: 'No new tenants are placed here' }),
    cordonReason: z.string().nullable(),
    heldBy: z.string().nullish().meta({ description: 'Roll-out that changes it now; no new tenants are placed here meanwhile' }),
    health: z.enum(stampHealths),
    healthReason: z.string().nullish().meta({ description: 'What is amiss while its agent is heard' }),
    lastHeartbeatAt: z.string().nullable(),
    ring: z.enum(rings),
    profile: z.string(),
    isolation: z.enum(isolations),
    driver: z.string().meta({ description: 'What realises it: local, aws' }),
    templateVersion: z.string().nullable(),
    workloadVersion: z.string().nullable(),
    capacity: z.object({ units: z.number().int() }),
    used: z.object({ units: z.number().int() }),
    reserved: z.object({ units: z.number().int() }),
    tenants: z.number().int(),
    epoch: z.number().int().meta({ description: 'Grows each time a new agent process registers for the stamp' }),
    frontDoors: z.array(z.string()).meta({ description: 'Base URLs that the router forwards to' }),
    labels: LabelsSchema,
    specDigest: z.string().nullable(),
    version: z.number().int(),
    createdAt: TimeSchema,
    updatedAt: TimeSchema,
  })
  .meta({ id: 'Stamp' });
export type StampView = z.infer<typeof StampSchema>;
export const StampPageSchema = pageOf(StampSchema).meta({ id: 'StampPage' });

export const StampListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional(),
  status: z.enum(stampStatuses).optional(),
});

/** What may be said at provision time on top of stamps/<name>.yaml. Everything is optional. */
export const ProvisionRequestSchema = z
  .strictObject({
    capacity: CapacitySchema.optional(),
    ring: z.enum(rings).optional(),
    profile: z.string().min(1).max(40).optional(),
    isolation: z.enum(isolations).optional(),
    labels: LabelsSchema.optional(),
    workload: z
      .strictObject({ version: z.string().min(1).max(100) })
      .optional()
      .meta({ description: 'Version for this once; else the last roll-out’s, the file’s, or the default' }),
    approveReplace: z
      .array(z.string().min(1).max(200))
      .max(50)
      .optional()
      .meta({ description: 'Names of resources with data that may be replaced or deleted this once' }),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'ProvisionRequest' });
export type ProvisionRequest = z.infer<typeof ProvisionRequestSchema>;

export const CordonRequestSchema = z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: 'CordonRequest' });
export const UncordonRequestSchema = z.strictObject({ reason: z.string().max(500).optional() }).meta({ id: 'UncordonRequest' });
