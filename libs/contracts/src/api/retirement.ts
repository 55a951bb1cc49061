import { z } from 'zod';
import { StampNameSchema } from './common.js';
import { StampSchema } from './stamps.js';

/** What may keep a stamp from being retired (I9). */
export const remainKinds = ['tenants', 'reservations', 'routes'] as const;

export const RemainSchema = z.object({
  kind: z.enum(remainKinds),
  count: z.number().int().min(1),
  examples: z.array(z.string()).meta({ description: 'The first of them, by name' }),
  check: z.string().meta({ description: 'How to be rid of them' }),
});
export type Remain = z.infer<typeof RemainSchema>;

/** POST /v1/stamps/:name/retire */
export const RetireStampSchema = z
  .strictObject({
    confirm: StampNameSchema.meta({ description: 'The stamp’s name once more: it lifts the protection of what holds data' }),
    snapshot: z.boolean().default(true).meta({ description: 'Keep a final snapshot of its database' }),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'RetireStamp' });
export type RetireStamp = z.input<typeof RetireStampSchema>;

/** GET /v1/stamps/:name/retirement: what would be done, and what stands in the way; nothing is written. */
export const RetirePlanSchema = z
  .object({
    stamp: StampSchema,
    remains: z.array(RemainSchema).meta({ description: 'Empty: it can be retired' }),
    openJob: z.string().nullable().meta({ description: 'Job under way for it, which must end first' }),
    steps: z.array(z.object({ name: z.string(), title: z.string(), noReturn: z.boolean() })),
  })
  .meta({ id: 'RetirePlan' });
export type RetirePlan = z.infer<typeof RetirePlanSchema>;
