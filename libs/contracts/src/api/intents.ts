import { intentIdPattern } from '@lapidary/kernel/names';
import { z } from 'zod';
import { PageQuerySchema, pageOf, RegionNameSchema, TimeSchema } from './common.js';

/** Whose headers ask what is to become of a request for a region that cannot be reached. */
export const ifUnreachableHeader = 'x-lapidary-if-unreachable';
export const intentSecondsHeader = 'x-lapidary-intent-seconds';
/** On a 202 answer: the request was not executed, it is queued as this intent. */
export const intentHeader = 'x-lapidary-intent';

export const ifUnreachableChoices = ['queue', 'refuse'] as const;

/** A day: as long as regions are meant to stand alone. */
export const intentSecondsDefault = 86_400;
/** Less than this is gone before a link that was lost for a moment is back. */
export const intentSecondsMin = 5;
/** A week: what was asked for longer ago should be asked for again. */
export const intentSecondsMax = 604_800;

export const IntentIdSchema = z
  .string()
  .regex(intentIdPattern, 'the id of an intent is <region>.<ULID>')
  .meta({ description: 'Id of an intent, <region>.<ULID>; the region is the one that queued it' });

export const intentStates = ['queued', 'sent', 'cancelling', 'executed', 'refused', 'cancelled', 'expired'] as const;
export type IntentState = (typeof intentStates)[number];
/** What comes to the list unless something else is asked for. */
export const openIntentStates = ['queued', 'sent', 'cancelling'] as const satisfies readonly IntentState[];

export const IntentSchema = z
  .object({
    id: IntentIdSchema,
    region: RegionNameSchema.meta({ description: 'Region that queued it' }),
    owner: RegionNameSchema.meta({ description: 'Region that it is for: the only one that may execute it' }),
    operation: z.string().meta({ description: 'Method and path, for example "POST /v1/tenants"' }),
    subject: z.string().meta({ description: 'What it is about, for example tenant/acme; intents about one subject keep their order' }),
    state: z.enum(intentStates),
    actor: z.string(),
    reason: z.string().nullable(),
    idempotencyKey: z.string().nullable(),
    createdAt: TimeSchema,
    expiresAt: TimeSchema,
    ageSeconds: z.number(),
    attempts: z.number().int().meta({ description: 'Times it was sent' }),
    lastAttemptAt: TimeSchema.nullable(),
    lastError: z.string().nullable().meta({ description: 'Why the last attempt settled nothing' }),
    settledAt: TimeSchema.nullable(),
    settledBy: z.string().nullable().meta({ description: 'Who decided: the region, or who cancelled it' }),
    outcome: z
      .object({
        status: z.number().int().meta({ description: 'HTTP status that the owner answered' }),
        code: z.string().nullable().meta({ description: 'Code of the problem where it refused' }),
        detail: z.string().nullable(),
        location: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Intent' });
export type IntentView = z.infer<typeof IntentSchema>;
export const IntentPageSchema = pageOf(IntentSchema).meta({ id: 'IntentPage' });

export const IntentDetailSchema = IntentSchema.extend({
  body: z.unknown().meta({ description: 'Body of the request' }),
  answer: z.unknown().meta({ description: 'Body of the owner’s answer; null before there is one' }),
}).meta({ id: 'IntentDetail' });
export type IntentDetail = z.infer<typeof IntentDetailSchema>;

export const IntentListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional().meta({ description: 'Region that queued them; without it the one that is asked' }),
  state: z
    .enum(['open', ...intentStates])
    .default('open')
    .meta({ description: '"open": queued, sent or cancelling' }),
  owner: RegionNameSchema.optional(),
  subject: z.string().max(200).optional(),
});

export const CancelIntentSchema = z.strictObject({ reason: z.string().min(1).max(500).optional() }).meta({ id: 'CancelIntent' });
