import { z } from 'zod';
import { HostClaimsSchema } from '../host-claims.js';
import { RegionNameSchema } from '../api/common.js';
import { FindingSchema, SuppressionSchema } from '../api/drift.js';
import { GivenUpRegionSchema, RegionWordSchema } from '../api/given-up-regions.js';
import { JobEventSchema, JobSchema } from '../api/jobs.js';
import { GivenUpRolloutSchema, RolloutSchema } from '../api/rollouts.js';
import { StampSchema } from '../api/stamps.js';
import { TenantSchema } from '../api/tenants.js';
import {
  collectionDefinedEvent,
  documentChangedEvent,
  documentsRemovedEvent,
  documentsRetoldEvent,
  documentWithheldEvent,
  regionKnowsEvent,
} from './collection-events.js';

/**
 * Every event type with its schema. Types end in their version; an incompatible change is a new version. Events carry
 * the whole new state of their subject, so that a replica can apply the newest and skip the rest; documents of collections
 * are merged, so theirs carry what changed. Consumers read with
 * zod's default object mode: unknown fields are tolerated.
 */
const stampEvent = z.object({ stamp: StampSchema });
/**
 * `claim`: hybrid logical time at which the tenant's id was claimed; `hostClaims`: all host names that its home region gave it, also those that were
 * lost to another tenant, and when. recordEvent adds both to every event of a tenant; without the second the tenant's hosts are meant.
 */
const tenantEvent = z.object({ tenant: TenantSchema, claim: z.string().optional(), hostClaims: HostClaimsSchema.optional() });
/** A stamp or a tenant of a region that was given up, as the region knows it that heard most of it. */
const recalledEvent = z.object({
  decision: z.string().min(1).max(64),
  region: RegionNameSchema,
  stamp: StampSchema.optional(),
  tenant: TenantSchema.optional(),
  claim: z.string().optional(),
  hostClaims: HostClaimsSchema.optional(),
});
const jobEvent = z.object({ job: JobSchema });
/** Version 1 named the kinds of drift of its day, so that a new one would have been refused; version 2 leaves them open. */
const firstKinds = z.enum(['resource', 'template', 'spec', 'ring-sibling', 'version', 'sensor']);
const anyKind = z.string().regex(/^[a-z][a-z-]{0,62}$/);
const findingEvent = (kind: z.ZodType<string>) => z.object({ finding: FindingSchema.extend({ kind }) });
/** `untold`: so many others that appeared, or went, with the same look and are no worse have no event of their own; the list of findings has them. */
const toldFinding = findingEvent(anyKind).extend({ untold: z.number().int().min(1).optional() });
const suppressionEvent = (kind: z.ZodType<string>) =>
  z.object({ suppression: SuppressionSchema.omit({ severity: true }).extend({ kind }) });

export const eventSchemas = {
  'lapidary.stamp.declared.v1': stampEvent,
  'lapidary.stamp.activated.v1': stampEvent,
  'lapidary.stamp.failed.v1': stampEvent,
  'lapidary.stamp.updated.v1': stampEvent,
  'lapidary.stamp.registered.v1': stampEvent,
  'lapidary.stamp.cordoned.v1': stampEvent,
  'lapidary.stamp.uncordoned.v1': stampEvent,
  'lapidary.stamp.retiring.v1': stampEvent,
  'lapidary.stamp.retired.v1': stampEvent,
  'lapidary.tenant.created.v1': tenantEvent,
  'lapidary.tenant.placed.v1': tenantEvent,
  'lapidary.tenant.serving.v1': tenantEvent,
  'lapidary.tenant.updated.v1': tenantEvent,
  'lapidary.tenant.suspended.v1': tenantEvent,
  'lapidary.tenant.deleted.v1': tenantEvent,
  'lapidary.job.queued.v1': jobEvent,
  'lapidary.job.changed.v1': jobEvent,
  'lapidary.rollout.changed.v1': z.object({ rollout: RolloutSchema }),
  'lapidary.rollout.given-up.v1': z.object({ givenUp: GivenUpRolloutSchema }),
  'lapidary.job.progressed.v1': z.object({ job: JobSchema, event: JobEventSchema }),
  'lapidary.collection.defined.v1': collectionDefinedEvent,
  'lapidary.document.changed.v1': documentChangedEvent,
  'lapidary.document.withheld.v1': documentWithheldEvent,
  'lapidary.documents.removed.v1': documentsRemovedEvent,
  'lapidary.documents.retold.v1': documentsRetoldEvent,
  'lapidary.region.knows.v1': regionKnowsEvent,
  'lapidary.region.given-up.v1': z.object({ givenUp: GivenUpRegionSchema, word: RegionWordSchema }),
  'lapidary.region.recalled.v1': recalledEvent,
  'lapidary.drift.found.v1': findingEvent(firstKinds),
  'lapidary.drift.resolved.v1': findingEvent(firstKinds),
  'lapidary.drift.suppressed.v1': suppressionEvent(firstKinds),
  'lapidary.drift.unsuppressed.v1': suppressionEvent(firstKinds),
  'lapidary.drift.found.v2': toldFinding,
  'lapidary.drift.resolved.v2': toldFinding,
  'lapidary.drift.suppressed.v2': suppressionEvent(anyKind),
  'lapidary.drift.unsuppressed.v2': suppressionEvent(anyKind),
} as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>;
