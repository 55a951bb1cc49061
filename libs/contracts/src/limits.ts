import { z } from 'zod';
import { StampNameSchema, TenantIdSchema } from './api/common.js';

/** What no router reaches; keeps a slip of the finger (a rate in the wrong unit) from meaning "no limit". */
const rateMax = 10_000_000;
const windowSecondsMax = 3600;

const perSecond = z.number().positive().max(rateMax);
const count = z.number().int().min(1).max(rateMax);
const windowSeconds = z.number().min(1).max(windowSecondsMax);

export const LimitSpecSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('token_bucket'), perSecond, burst: count }),
    z.strictObject({ kind: z.literal('sliding_window'), max: count, windowSeconds }),
    z.strictObject({ kind: z.literal('fixed_window'), max: count, windowSeconds }),
    z.strictObject({
      kind: z.literal('leaky_bucket'),
      perSecond,
      queue: z.number().int().min(0).max(1000).meta({ description: 'How many may wait; each for its turn' }),
    }),
    z.strictObject({ kind: z.literal('concurrency'), max: count }),
  ])
  .meta({ id: 'LimitSpec' });
export type LimitSpec = z.infer<typeof LimitSpecSchema>;

const LimitListSchema = z
  .array(LimitSpecSchema)
  .refine((limits) => new Set(limits.map(({ kind }) => kind)).size === limits.length, 'each kind at most once');

/** 0 is shed last, 3 first. */
const priority = z.number().int().min(0).max(3).meta({ description: '0 is shed last, 3 first, where a stamp is unwell' });

/** A deadline of requests: nothing that anybody waits for is shorter, and a day is as good as none. */
const requestSecondsMax = z.number().min(0.1).max(86_400);

export const TierLimitsSchema = z.strictObject({
  priority: priority.default(1),
  limits: LimitListSchema.default([]),
  requestSecondsMax: requestSecondsMax.optional().meta({ description: 'In place of the stamp’s' }),
});

export const TenantLimitsSchema = z.strictObject({
  tier: z.string().optional().meta({ description: 'Another tier than the default one' }),
  priority: priority.optional(),
  limits: LimitListSchema.optional().meta({ description: 'In place of all limits of the tier' }),
  requestSecondsMax: requestSecondsMax.optional().meta({ description: 'In place of the tier’s and the stamp’s' }),
});

const stampLimitFields = {
  inFlightMax: z.number().int().min(1).max(100_000).meta({ description: 'Requests under way to the stamp; else 1024' }),
  queueMax: z.number().int().min(0).max(10_000).meta({ description: 'Requests that may wait for a place; else 256' }),
  queueWaitMs: z.number().int().min(1).max(10_000).meta({ description: 'How long each may wait; else 100' }),
  tenantInFlightMax: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .meta({ description: 'Places of the stamp that one tenant may hold, those that wait included; else 768' }),
  tunnelsMax: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .meta({ description: 'Open tunnels (WebSockets) to the stamp; they take no places of requests; else 4096' }),
  tenantTunnelsMax: z.number().int().min(1).max(1_000_000).meta({ description: 'Of these, one tenant’s; else 3072' }),
  doorInUseMax: z.number().int().min(1).max(100_000).meta({ description: 'Connections in use to one front door; else 512' }),
  shedding: z.boolean().meta({ description: 'Whether fewer are let through while the stamp is unwell; else yes' }),
  retryRatio: z.number().min(0).max(1).meta({ description: 'Repeats per request that are within the budget; else 0.2' }),
  hedgeRatio: z.number().min(0).max(0.1).meta({
    description:
      'Requests without a body that only read (GET, HEAD, OPTIONS) that may be sent to a second front door, too, where the first takes longer than 19 in 20; part of all requests. Else 0: none',
  }),
  retriesPerSecondMin: z.number().min(0).max(1000).meta({ description: 'Repeats that are, however few the requests; else 3' }),
  weights: z.record(z.url(), z.number().min(0.01).max(100)).meta({ description: 'By front door; 1 where none is named' }),
  requestSecondsMax: requestSecondsMax.meta({
    description: 'From the first byte of a request to the last of its answer, and as long again for a transfer that goes on; else 120',
  }),
  transferBytesPerSecondMin: z
    .number()
    .int()
    .min(0)
    .max(1_000_000_000)
    .meta({ description: 'What a body or an answer has to move on average to be given as long again; else 500' }),
  limits: LimitListSchema,
};

/** What is said of one stamp, or of all ("default"): no field has a value of its own, so that one stamp's says nothing of what it leaves out. */
const StampLimitsSaidSchema = z.strictObject(stampLimitFields).partial();
export type StampLimits = Required<z.infer<typeof StampLimitsSaidSchema>>;

/** Where nothing is said. */
export const stampLimitsUsual: StampLimits = {
  inFlightMax: 1024,
  queueMax: 256,
  queueWaitMs: 100,
  tenantInFlightMax: 768,
  // Two sockets each, idle almost always; with what a stamp's doors could have of them before, 512 each, as the least.
  tunnelsMax: 4096,
  tenantTunnelsMax: 3072,
  doorInUseMax: 512,
  shedding: true,
  retryRatio: 0.2,
  // What it costs a stamp is for who runs it to say.
  hedgeRatio: 0,
  retriesPerSecondMin: 3,
  weights: {},
  // Twice the sum of all that a request may wait for by other bounds: head 10 s, queue 10 s, freeze 2 s, three doors 6 s, answer 30 s.
  requestSecondsMax: 120,
  // Slower than any line in use; by a byte now and then nobody holds a place. Apache's mod_reqtimeout takes the same.
  transferBytesPerSecondMin: 500,
  limits: [],
};

/** What the routers of a region hold their traffic to; docs/flows/request.md says how each is used. */
export const LimitsDocumentSchema = z
  .strictObject({
    defaultTier: z.string().default('standard'),
    tiers: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/), TierLimitsSchema).default({ standard: { priority: 1, limits: [] } }),
    tenants: z.record(TenantIdSchema, TenantLimitsSchema).default({}),
    stamps: z.record(z.union([z.literal('default'), StampNameSchema]), StampLimitsSaidSchema).default({}),
    global: z.strictObject({ limits: LimitListSchema.default([]) }).default({ limits: [] }),
  })
  .superRefine((document, context) => {
    const known = new Set(Object.keys(document.tiers));
    const named = [['defaultTier'], ...Object.keys(document.tenants).map((id) => ['tenants', id, 'tier'])];
    for (const path of named) {
      const tier = path[0] === 'tenants' ? document.tenants[path[1]!]?.tier : document.defaultTier;
      if (tier !== undefined && !known.has(tier)) context.addIssue({ code: 'custom', path, message: `there is no tier "${tier}"` });
    }
  })
  .meta({ id: 'LimitsDocument' });
export type LimitsDocument = z.infer<typeof LimitsDocumentSchema>;

export const defaultLimits: LimitsDocument = LimitsDocumentSchema.parse({});
