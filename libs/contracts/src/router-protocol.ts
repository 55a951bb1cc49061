import { z } from 'zod';
import { LimitsDocumentSchema } from './limits.js';

/** Published by each router on routers.<region>.heartbeat every few seconds; the control plane shows how far behind it is. */
export const RouterHeartbeatSchema = z.object({
  router: z.string().min(1).max(63),
  atMs: z.number().int(),
  directory: z.object({
    source: z.enum(['live', 'disk']),
    cursor: z.number().int().min(0),
    entries: z.number().int().min(0),
    /** Since the control plane was last heard of the directory. */
    ageMs: z.number().int().min(0),
    /** How far behind the control plane it is known to be. */
    lagMs: z.number().int().min(0).optional(),
    /** Of which database the cursors are, and the sum over all entries (directory-digest.ts). */
    generation: z.string().nullable().optional(),
    root: z.string().optional(),
  }),
  /** Digest of the wire's schemas as this router knows them (schemas/released.ts). */
  schemas: z.string().optional(),
});
export type RouterHeartbeat = z.infer<typeof RouterHeartbeatSchema>;

/** Request on limits.<region>.get; `version`: what the router holds. */
export const LimitsRequestSchema = z.object({ version: z.number().int().min(0).nullable() });
/** `document` is null where the router holds that version. */
export const LimitsAnswerSchema = z.object({ version: z.number().int().min(0), document: LimitsDocumentSchema.nullable() });
export type LimitsAnswer = z.infer<typeof LimitsAnswerSchema>;
/** Published on limits.<region>.changed. */
export const LimitsChangedSchema = z.object({ version: z.number().int().min(0) });

const DemandSchema = z.record(z.string(), z.number().min(0));
/** Published on routers.<region>.budget: requests per second by key, of the keys that have limits. */
export const BudgetReportSchema = z.object({
  router: z.string().min(1).max(128),
  leaving: z.boolean(),
  /** Grows by one with each; routers of before don't tell it. */
  tick: z.number().int().min(0).optional(),
  demand: z.object({ tenant: DemandSchema, stamp: DemandSchema, global: DemandSchema }),
});
export type BudgetReport = z.infer<typeof BudgetReportSchema>;
