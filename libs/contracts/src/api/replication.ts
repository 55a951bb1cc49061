import { z } from 'zod';
import { jobIdPattern } from '@lapidary/kernel/names';
import { GivenUpStandingSchema } from './given-up-regions.js';
import { RecoverySchema } from './recovery.js';
import { PageQuerySchema, pageOf, RegionNameSchema, TenantIdSchema, TimeSchema } from './common.js';

/** The region that could not apply the event keeps it; its name in the id lets every geode pass a question on. */
export const EventDeadLetterIdSchema = z
  .string()
  .regex(jobIdPattern, 'the id of a dead letter is <region>.<ULID>')
  .meta({ description: 'Id of a dead letter, <region>.<ULID>' });

export const eventDeadLetterStates = ['open', 'waiting', 'replayed', 'superseded', 'dropped', 'refused'] as const;

export const EventDeadLetterSchema = z
  .object({
    id: EventDeadLetterIdSchema,
    region: RegionNameSchema.meta({ description: 'Region that could not apply it' }),
    origin: RegionNameSchema.meta({ description: 'Region whose event it is' }),
    epoch: z.number().int(),
    sequence: z.number().int().meta({ description: 'Its place in the origin’s log' }),
    type: z.string(),
    subject: z.string().meta({ description: 'Whose state it tells, for example tenant/acme' }),
    error: z.string().meta({ description: 'Why it could not be applied, as last tried' }),
    parkedAt: TimeSchema,
    state: z.enum(eventDeadLetterStates).meta({
      description:
        '"waiting": behind an open one of its subject, applied in order once that is settled. "superseded": a newer event of its subject has been applied, so that it has nothing left to say. "refused": it was in the region’s stream and is none of its events; its epoch is 0 then',
    }),
    settledAt: TimeSchema.nullable(),
    settledBy: z.string().nullable(),
    awaitsVersion: z.boolean().optional().meta({
      description: 'Of a type that a newer version of this region’s control plane knows: it is applied by itself once that runs here',
    }),
  })
  .meta({ id: 'EventDeadLetter' });
export type EventDeadLetterView = z.infer<typeof EventDeadLetterSchema>;
export const EventDeadLetterPageSchema = pageOf(EventDeadLetterSchema).meta({ id: 'EventDeadLetterPage' });

export const EventDeadLetterDetailSchema = EventDeadLetterSchema.extend({
  event: z.unknown().meta({ description: 'The event as it came' }),
}).meta({ id: 'EventDeadLetterDetail' });
export type EventDeadLetterDetail = z.infer<typeof EventDeadLetterDetailSchema>;

export const EventDeadLetterListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional(),
  state: z.enum(eventDeadLetterStates).default('open'),
  origin: RegionNameSchema.optional(),
  type: z.string().max(200).optional(),
  subject: z.string().max(200).optional(),
  tenant: TenantIdSchema.optional().meta({ description: 'About this tenant, or a document of it' }),
  since: TimeSchema.optional().meta({ description: 'Parked at this time or later' }),
  until: TimeSchema.optional().meta({ description: 'Parked before this time' }),
});

export const ReplayQuerySchema = z.object({
  dryRun: z.stringbool().default(false).meta({ description: 'Apply it, say what came of it, and take it back' }),
});

export const ReplayResultSchema = z
  .object({
    outcome: z.enum(['applied', 'superseded', 'refused']),
    dryRun: z.boolean(),
    error: z.string().nullable().meta({ description: 'Why it was refused again' }),
    released: z.number().int().meta({ description: 'Events of its subject that waited behind it and were applied after it' }),
    deadLetter: EventDeadLetterSchema,
  })
  .meta({ id: 'EventDeadLetterReplay' });
export type ReplayResult = z.infer<typeof ReplayResultSchema>;

export const DropRequestSchema = z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: 'DropEventDeadLetter' });

export const HeldChangeSchema = z
  .object({
    event: z.string(),
    origin: RegionNameSchema,
    subject: z.string(),
    heldAt: TimeSchema,
    dueAt: TimeSchema.meta({ description: 'When the clock here has come near enough to its time, and it is applied' }),
  })
  .meta({ id: 'HeldChange' });
export type HeldChangeView = z.infer<typeof HeldChangeSchema>;
export const HeldChangePageSchema = pageOf(HeldChangeSchema).meta({ id: 'HeldChangePage' });
export const HeldChangeListQuerySchema = PageQuerySchema.extend({ region: RegionNameSchema.optional() });

export const ConflictSchema = z
  .object({
    id: z.string(),
    policy: z.string().meta({ description: 'Rule that decided' }),
    subject: z.string(),
    collection: z.string().nullable().default(null).meta({ description: 'null: a name that two regions gave out' }),
    tenant: z.string().nullable().default(null),
    field: z.string().nullable().default(null),
    winner: z.unknown(),
    loser: z.unknown().meta({ description: 'What lost; kept for a person' }),
    cause: z.string(),
    detectedAt: TimeSchema,
  })
  .meta({ id: 'Conflict' });
export type ConflictView = z.infer<typeof ConflictSchema>;
export const ConflictPageSchema = pageOf(ConflictSchema).meta({ id: 'ConflictPage' });
export const ConflictListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional(),
  subject: z.string().max(200).optional(),
  collection: z.string().max(63).optional(),
  tenant: z.string().max(63).optional(),
  since: TimeSchema.optional().meta({ description: 'Found at this time or later' }),
  until: TimeSchema.optional().meta({ description: 'Found before this time' }),
});

/** Conflicts of one collection; null: of names. */
export const ConflictCountSchema = z
  .object({
    collection: z.string().nullable(),
    conflicts: z.number().int(),
    subjects: z.number().int().meta({ description: 'Documents or names that they are about' }),
    today: z.number().int().meta({ description: 'Found in the last 24 hours' }),
    latest: TimeSchema,
  })
  .meta({ id: 'ConflictCount' });
export type ConflictCount = z.infer<typeof ConflictCountSchema>;
export const ConflictCountsSchema = z.object({ items: z.array(ConflictCountSchema) }).meta({ id: 'ConflictCounts' });
export const ConflictCountsQuerySchema = z.object({ region: RegionNameSchema.optional() });

export const GeodePeerSchema = z
  .object({
    region: RegionNameSchema,
    link: z.enum(['connected', 'cut']),
    cutSince: TimeSchema.nullable(),
    cutBecause: z.string().nullable().optional().meta({ description: 'Why, in plain words, where this region knows it' }),
    epoch: z.number().int().meta({ description: 'Epoch of the peer’s database that is followed' }),
    appliedSequence: z.number().int().meta({ description: 'Up to here the peer’s events have been applied here' }),
    behind: z.number().int().meta({ description: 'Events that the peer had and this region had not, when the peer last answered' }),
    confirmedAt: TimeSchema.nullable().meta({ description: 'When the peer last answered' }),
    lastEventAt: TimeSchema.nullable().meta({ description: 'Time of the last event applied' }),
    acknowledgedSequence: z.number().int().nullable().meta({ description: 'Up to here the peer has told that it applied ours' }),
    digest: z
      .enum(['agrees', 'differs', 'unknown'])
      .meta({ description: 'Whether the documents that both may have were the same at the last heartbeat' }),
    agreedAt: TimeSchema.nullable().meta({ description: 'When they last were; with writes on their way they differ for a moment' }),
    convergence: z
      .object({
        events: z.number().int(),
        p50Ms: z.number().nullable(),
        p99Ms: z.number().nullable(),
      })
      .optional()
      .meta({ description: 'From the commit of the peer’s events to their being visible here, over the last 15 minutes' }),
    held: z.number().int().optional().meta({ description: 'Changes of the peer that wait for their time: its clock is ahead' }),
    intents: z.number().int().optional().meta({ description: 'Commands that wait for the peer' }),
    protocol: z
      .object({
        speaks: z.number().int(),
        hears: z.number().int(),
        agreed: z.number().int().nullable().meta({ description: 'The newest that both speak; null: none, and nothing is exchanged' }),
      })
      .nullable()
      .optional()
      .meta({ description: 'What the peer’s hello said; null: it has never answered' }),
    setBackSince: TimeSchema.nullable().optional().meta({
      description:
        'Since when it is known that the peer’s database was restored from a backup; nothing is taken from it until it begins a new epoch',
    }),
    signatures: z
      .object({
        required: z
          .boolean()
          .meta({ description: 'false: no key of the peer is configured here, and its events are believed by passwords alone' }),
        keys: z
          .array(z.string())
          .optional()
          .meta({ description: 'Ids of the keys by which the peer is believed, by the replica that answers' }),
        refused: z.array(z.object({ what: z.string(), why: z.string(), times: z.number().int(), lastAt: TimeSchema })).meta({
          description: 'What came in the peer’s name in the last 15 minutes and was not believed, by kind; `times` since it was first seen',
        }),
      })
      .optional()
      .meta({ description: 'Whether what the peer says is believed by its signature' }),
    owed: z.number().int().nullable().meta({ description: 'Events of ours that the peer has not acknowledged; null: it never has' }),
  })
  .meta({ id: 'GeodePeer' });

export const PublishingTroubleSchema = z
  .object({
    what: z.enum(['events', 'routes']).meta({
      description: '"events": for other regions, which have them from the log meanwhile. "routes": for routers, which keep what they have',
    }),
    since: TimeSchema,
    because: z.string().meta({ description: 'What is wrong with the region’s NATS, in plain words' }),
  })
  .meta({ id: 'PublishingTrouble' });
export type PublishingTroubleView = z.infer<typeof PublishingTroubleSchema>;

export const GeodeQuerySchema = z.object({ region: RegionNameSchema.optional() });
export const GeodeSchema = z
  .object({
    region: RegionNameSchema,
    epoch: z.number().int(),
    sequence: z.number().int().meta({ description: 'Last event numbered' }),
    autonomousSince: TimeSchema.nullable().meta({ description: 'Since when no other region is heard; null: at least one is' }),
    outbox: z.object({
      waiting: z.number().int().meta({ description: 'Events not yet published' }),
      oldestSeconds: z.number(),
      kept: z.number().int().meta({ description: 'Rows kept for peers' }),
    }),
    givenUp: GivenUpStandingSchema.optional().meta({
      description: 'The others gave this region up as lost for good: it writes nothing any more',
    }),
    signing: z.boolean().optional().meta({ description: 'Whether this region signs what it tells the others' }),
    signsWith: z.string().nullable().optional().meta({ description: 'Id of the key with which the replica that answers signs' }),
    keysRefused: z
      .array(
        z.object({
          file: z.enum(['signing', 'peers']).meta({ description: 'signing: this region’s own keys; peers: those of the others' }),
          since: TimeSchema,
          because: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'New keys that can’t be used; those before them are in force. By the replica that answers' }),
    publishing: z
      .array(PublishingTroubleSchema)
      .optional()
      .meta({ description: 'What is committed and can’t be published at the moment; empty: all is well' }),
    inbox: z
      .object({
        behind: z.number().int().meta({ description: 'Events that the peers had and this region had not, when each last answered' }),
        held: z.number().int().meta({ description: 'Changes that wait for their time' }),
      })
      .optional()
      .meta({ description: 'Of all peers together' }),
    intents: z
      .object({
        open: z.number().int(),
        oldestSeconds: z.number(),
      })
      .optional()
      .meta({ description: 'Commands that wait for other regions' }),
    deadLetters: z.number().int().meta({ description: 'Open ones' }),
    conflicts: z.number().int(),
    digest: z
      .object({
        root: z.string().meta({ description: 'Equal in all regions that hold the same documents' }),
        documents: z.number().int().meta({ description: 'Documents that are held, deleted ones included' }),
      })
      .meta({ description: 'Of the documents of all collections' }),
    recovery: RecoverySchema.nullable().optional().meta({ description: 'null: the region’s log is as the others know it' }),
    heldTokens: z.array(z.string()).optional().meta({
      description:
        'Tokens that count for nothing until somebody trusts them: they may have been revoked since the backup that this region was restored from',
    }),
    peers: z.array(GeodePeerSchema),
  })
  .meta({ id: 'Geode' });
export type GeodeView = z.infer<typeof GeodeSchema>;
