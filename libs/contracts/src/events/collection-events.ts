import { z } from 'zod';
import { CollectionNameSchema, CollectionPolicySchema, DocumentIdSchema, JsonSchema, policyKinds } from '../api/collections.js';

/** Hybrid logical time in its text form, region last. */
export const hlcTextPattern = /^\d{13}\.[0-9a-f]{4}\.[a-z][a-z0-9-]*$/;
export const hlcTextLengthMax = 64;
const HlcTextSchema = z.string().max(hlcTextLengthMax).regex(hlcTextPattern);
export const regionStart = 19;
export const siblingsMax = 64;
const TimesSchema = z.record(z.string(), HlcTextSchema);
export const tenantLengthMax = 63;

const SiblingSchema = z.looseObject({ at: HlcTextSchema, value: JsonSchema.optional() });

const areSeen = ({ siblings, seen }: { siblings: readonly { at: string }[]; seen: Record<string, string> }): boolean =>
  siblings.every(({ at }) => (seen[at.slice(regionStart)] ?? '') >= at);

/** Concurrent values of one field (libs/replication/src/merge/register.ts). One that breaks R1 would come back for ever. */
const RegisterSchema = z
  .object({ siblings: z.array(SiblingSchema).max(siblingsMax), seen: z.record(z.string(), HlcTextSchema) })
  .refine(areSeen, 'a value was not seen (R1)');

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const partsMax = 64;

/** Which history of a nested document the parts belong to; without it: the first (libs/replication/src/collections/generations.ts). */
const GenerationSchema = z.looseObject({
  number: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  id: HlcTextSchema,
  covers: TimesSchema,
});
/** The history that is proposed to follow, and this change in its form. */
const NextSchema = z.looseObject({
  id: HlcTextSchema,
  covers: TimesSchema.optional(),
  lone: TimesSchema,
  parts: z.array(z.base64()).max(partsMax),
});

/** What changed, as a partial state: merging it is applying it. */
const ChangeSchema = z.union([
  z
    .looseObject({
      fields: z.record(z.string(), RegisterSchema),
      alive: RegisterSchema,
      /** How far removed fields were dropped (libs/replication/src/merge/dropped.ts). */
      dropped: TimesSchema.optional(),
    })
    .refine(
      ({ dropped, alive }) => Object.entries(dropped ?? {}).every(([region, at]) => (alive.seen[region] ?? '') >= at),
      'fields were dropped by who had not seen them',
    ),
  z.looseObject({
    rows: z.record(z.string(), z.object({ added: count, subtracted: count, given: z.record(z.string(), count) })),
    alive: RegisterSchema,
    /** Life of the counter → digest of all rows before it, as they were when it began. */
    begun: z.record(z.string().regex(/^[1-9]\d{0,8}$/), z.string().length(64)).optional(),
  }),
  z.looseObject({
    variants: z
      .array(z.object({ digest: z.string().length(64), body: JsonSchema, at: HlcTextSchema }))
      .min(1)
      .max(64),
  }),
  z.looseObject({
    parts: z.array(z.base64()).max(partsMax),
    alive: RegisterSchema,
    generation: GenerationSchema.optional(),
    next: NextSchema.optional(),
  }),
]);

const LossSchema = z.looseObject({
  field: z.string(),
  winner: z.object({ at: z.string(), region: z.string(), value: JsonSchema.optional() }),
  loser: z.object({ at: z.string(), region: z.string(), value: JsonSchema.optional() }),
});
export type Loss = z.infer<typeof LossSchema>;

export const documentChangedEvent = z.looseObject({
  collection: CollectionNameSchema,
  tenant: z.string().max(tenantLengthMax),
  id: DocumentIdSchema,
  kind: z.enum(policyKinds),
  /** Whether `change` is the whole state, so that earlier events of the subject may leave the outbox. */
  whole: z.boolean(),
  change: ChangeSchema,
  /** Values that lost before and were replaced by this write: in every region's ledger, also where they never met. */
  settled: z.array(LossSchema).max(1_000),
  /** A tombstone that every region knows: its row goes (libs/replication/src/collections/graves.ts). */
  purged: z.boolean().optional(),
  /** Written where what was purged is forgotten: whoever takes it in forgets it first. */
  fresh: z.boolean().optional(),
});
export type DocumentChanged = z.infer<typeof documentChangedEvent>;

/** In place of a change whose tenant may not be everywhere (I3): says that there is one, and nothing of it. */
export const documentWithheldEvent = z.looseObject({ tenant: z.string().min(1).max(63) });

/** A region has taken a tenant's documents out, since the tenant may not be there any more; with what it counted. */
export const documentsRemovedEvent = z.looseObject({
  tenant: z.string().min(1).max(63),
  region: z.string(),
  removed: z.record(z.string(), z.number().int().min(0)),
  /** Its last sequence when it did. */
  through: z.number().int().min(0),
});

/** The home region has told all documents of a tenant anew, after `region` has taken them out and its outbox with them. */
export const documentsRetoldEvent = z.looseObject({
  tenant: z.string().min(1).max(63),
  region: z.string(),
  /** Of the removal that this answers. */
  through: z.number().int().min(0),
});

const DefinitionSchema = z.looseObject({
  scope: z.enum(['tenant', 'fleet']),
  policy: CollectionPolicySchema,
  budgets: z.looseObject({ documentBytes: z.number(), documents: z.number(), changes: z.number() }),
  version: z.number().int().min(1),
  /** Time of the first definition that this one goes back to. */
  created: HlcTextSchema,
});
export type Definition = z.infer<typeof DefinitionSchema>;

export const collectionDefinedEvent = z.looseObject({
  collection: CollectionNameSchema,
  definition: z
    .looseObject({
      siblings: z.array(z.object({ at: HlcTextSchema, value: DefinitionSchema })).max(64),
      seen: z.record(z.string(), HlcTextSchema),
    })
    .refine(areSeen, 'a definition was not seen (R1)'),
});

/** How far a region knows each region's events, its own included, when it says so. */
export const regionKnowsEvent = z.looseObject({
  known: z.record(z.string(), z.object({ epoch: z.number().int().min(0), sequence: z.number().int().min(0) })),
  /** It answers proposals of histories that begin anew (libs/replication/src/collections/generations.ts). */
  histories: z.boolean().optional(),
  /** Kinds of documents whose purges it takes as such; without it: `lww` alone (graves.ts). */
  purges: z.array(z.enum(policyKinds)).optional(),
  /** It takes it as such where removed fields are dropped (libs/replication/src/collections/drop-removed.ts). */
  drops: z.boolean().optional(),
});
