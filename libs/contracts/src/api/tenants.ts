import { hostNamePattern } from '@lapidary/kernel/names';
import { z } from 'zod';
import { LabelsSchema, PageQuerySchema, pageOf, RegionNameSchema, StampNameSchema, TenantIdSchema, TimeSchema } from './common.js';
import { stampUnitsMax } from './stamps.js';

export const tiers = ['pooled', 'dedicated'] as const;
export const tenantStatuses = ['pending', 'placed', 'suspended', 'deleted'] as const;

/** A residency entry names a region or a jurisdiction, lower case. */
const ResidencySchema = z
  .array(
    z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z][a-z0-9-]*$/, 'a region or jurisdiction, lower case'),
  )
  .max(32)
  .meta({ description: 'Regions or jurisdictions that may hold the tenant; empty means no restriction' });

/** Of one tenant: each is a key of the routers' tables, and stands in every event of the tenant. */
export const customHostsMax = 100;
const HostNameSchema = z.string().regex(hostNamePattern, 'a host name as in DNS: lower case, with a dot in it, without port and final dot');

export const CreateTenantSchema = z
  .strictObject({
    id: TenantIdSchema,
    region: RegionNameSchema,
    weight: z.number().int().min(1).max(stampUnitsMax).default(1).meta({ description: 'Units of capacity the tenant takes' }),
    residency: ResidencySchema.default([]),
    tier: z.enum(tiers).default('pooled'),
    labels: LabelsSchema.default({}),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'CreateTenant' });
export type CreateTenant = z.infer<typeof CreateTenantSchema>;

export const UpdateTenantSchema = z
  .strictObject({
    labels: LabelsSchema.optional().meta({ description: 'Replaces all labels' }),
    residency: ResidencySchema.optional().meta({
      description: 'Replaces the residency. Regions that it leaves out remove the documents of the tenant, those that it adds are filled',
    }),
    hosts: z.array(HostNameSchema).max(customHostsMax).optional().meta({
      description: 'Replaces the host names beside the default one. Each is one tenant’s in the whole fleet',
    }),
    reason: z.string().max(500).optional(),
  })
  .refine(
    ({ labels, residency, hosts }) => labels !== undefined || residency !== undefined || hosts !== undefined,
    'nothing is to be changed: say labels, residency or hosts',
  )
  .meta({ id: 'UpdateTenant' });
export type UpdateTenant = z.infer<typeof UpdateTenantSchema>;

export const SuspendTenantSchema = z
  .strictObject({ reason: z.string().min(1).max(500).meta({ description: 'Why; whoever meets the tenant is shown it' }) })
  .meta({ id: 'SuspendTenant' });
export type SuspendTenant = z.infer<typeof SuspendTenantSchema>;

export const ResumeTenantSchema = z.strictObject({ reason: z.string().max(500).optional() }).meta({ id: 'ResumeTenant' });
export type ResumeTenant = z.infer<typeof ResumeTenantSchema>;

export const PlacementSchema = z.object({
  stamp: StampNameSchema,
  epoch: z.number().int(),
  units: z.number().int(),
  decidedAt: TimeSchema,
  servingAt: TimeSchema.nullable().meta({ description: 'When the stamp confirmed that it holds the tenant at this epoch' }),
});

export const TenantSchema = z
  .object({
    id: TenantIdSchema,
    region: RegionNameSchema,
    status: z.enum(tenantStatuses),
    statusReason: z.string().nullable(),
    weight: z.number().int(),
    residency: z.array(z.string()),
    tier: z.enum(tiers),
    labels: LabelsSchema,
    hosts: z.array(z.string()).meta({ description: 'Names that lead to it: the default one first, then those it was given' }),
    lostHosts: z.array(z.string()).optional().meta({
      description: 'Names that it was given too, and that lead to a tenant of another region, which was given them first',
    }),
    placement: PlacementSchema.nullable(),
    version: z.number().int(),
    createdAt: TimeSchema,
    updatedAt: TimeSchema,
  })
  .meta({ id: 'Tenant' });
export type TenantView = z.infer<typeof TenantSchema>;
export const TenantPageSchema = pageOf(TenantSchema).meta({ id: 'TenantPage' });

export const TenantListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional(),
  stamp: StampNameSchema.optional(),
  status: z.enum(tenantStatuses).optional(),
});

export const RuleVerdictSchema = z.object({ rule: z.string(), pass: z.boolean(), reason: z.string() });
export const ScoreSchema = z.object({
  score: z.string(),
  value: z.number().meta({ description: '0 to 100' }),
  weight: z.number(),
  reason: z.string(),
});
export const CandidateSchema = z.object({
  stamp: StampNameSchema,
  region: RegionNameSchema,
  eligible: z.boolean(),
  rules: z.array(RuleVerdictSchema),
  scores: z.array(ScoreSchema),
  total: z.number().nullable().meta({ description: 'Weighted mean of the scores; null where a rule refused' }),
});
export const DecisionSchema = z
  .object({
    id: z.string(),
    tenant: TenantIdSchema,
    outcome: z.enum(['placed', 'pending']),
    chosen: StampNameSchema.nullable(),
    epoch: z.number().int().nullable(),
    summary: z.string().meta({ description: 'The decision in one sentence' }),
    at: TimeSchema,
    candidates: z.array(CandidateSchema),
  })
  .meta({ id: 'Decision' });
export type Decision = z.infer<typeof DecisionSchema>;

export const ExplanationSchema = z
  .object({
    tenant: TenantSchema,
    decision: DecisionSchema.nullable().meta({ description: 'The latest recorded decision' }),
    now: DecisionSchema.meta({ description: 'What would be decided at this moment, for comparison; nothing is changed' }),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof ExplanationSchema>;
