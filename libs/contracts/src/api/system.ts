import { z } from 'zod';
import { PageQuerySchema, pageOf, RegionNameSchema, TimeSchema } from './common.js';

export const VersionSchema = z
  .object({ version: z.string(), region: z.string(), api: z.literal('v1'), templateVersion: z.string(), engine: z.string() })
  .meta({ id: 'Version' });

export const AuditEntrySchema = z
  .object({
    id: z.string(),
    sequence: z.number().int().nullable().meta({ description: 'Place in the hash chain; null until sealed' }),
    at: TimeSchema,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    reason: z.string().nullable(),
    requestId: z.string(),
    change: z.record(z.string(), z.unknown()).nullable(),
    hash: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export const AuditPageSchema = pageOf(AuditEntrySchema).meta({ id: 'AuditPage' });
export type AuditEntry = z.infer<typeof AuditEntrySchema>;
/** What became of recomputing the hash chain of the audit. */
export const ChainReportSchema = z
  .object({
    ok: z.boolean(),
    checked: z.number().int().meta({ description: 'Rows found good before the first bad one' }),
    broken: z.object({ sequence: z.number().int(), why: z.string() }).nullable(),
  })
  .meta({ id: 'AuditChainReport' });
export type ChainReport = z.infer<typeof ChainReportSchema>;
export const AuditListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional().meta({ description: 'Whose audit; without it that of the region that is asked' }),
  subject: z.string().max(200).optional().meta({ description: 'What it is about', example: 'tenant/acme' }),
  actor: z.string().max(200).optional().meta({ description: 'Who did it', example: 'token:admin' }),
  action: z.string().max(200).optional().meta({ description: 'What was done', example: 'tenant.created' }),
  since: TimeSchema.optional().meta({ description: 'Done at this time or later' }),
  until: TimeSchema.optional().meta({ description: 'Done before this time' }),
});

/** What /v1/events sends as `data`; the SSE event name is `type`, its id `<region>-<epoch>-<sequence>`. */
export const LiveEventSchema = z
  .object({
    id: z.string(),
    region: z.string(),
    type: z.string().meta({ example: 'lapidary.tenant.placed.v1' }),
    subject: z.string().meta({ example: 'tenant/acme' }),
    at: TimeSchema,
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'LiveEvent' });
export type LiveEvent = z.infer<typeof LiveEventSchema>;
/** Sent instead of events that are gone: the client reads everything again. */
export const liveResetEvent = 'lapidary.reset';
