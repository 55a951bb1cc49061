import { regionNamePattern } from '@lapidary/kernel/names';
import { z } from 'zod';
import { PageQuerySchema, pageOf, RegionNameSchema, TenantIdSchema, TimeSchema } from './common.js';

/** Subjects hold collection, tenant and id, and have 200 characters. */
export const collectionNameLengthMax = 40;
export const collectionNamePattern = /^[a-z][a-z0-9-]*$/;
export const documentIdLengthMax = 80;
export const documentIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const fieldNameLengthMax = 64;

export const CollectionNameSchema = z
  .string()
  .max(collectionNameLengthMax)
  .regex(collectionNamePattern, 'a collection’s name is lower-case letters, digits and hyphens, starting with a letter')
  .meta({ description: 'Collection name', example: 'stock' });

export const DocumentIdSchema = z
  .string()
  .max(documentIdLengthMax)
  .regex(documentIdPattern, 'a document’s id is letters, digits, ".", "_" and "-"')
  .meta({ description: 'Document id, unique within its collection and tenant', example: 'sku-1' });

export const FieldNameSchema = z
  .string()
  .max(fieldNameLengthMax)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a field’s name is letters, digits, "_" and "-", starting with a letter');

/** Deeper than this nobody writes by hand, and recursion must end. */
const depthMax = 32;
const isStorable = (value: unknown, depth = 0): boolean => {
  if (depth > depthMax) return false;
  // jsonb refuses U+0000.
  if (typeof value === 'string') return !value.includes('\u0000');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && !key.includes('\u0000') && isStorable(item, depth + 1));
};
export const JsonSchema = z.json().refine(isStorable, `JSON of at most ${depthMax} levels, without U+0000 and without "__proto__"`);
export const JsonObjectSchema = z
  .record(z.string(), z.json())
  .refine(isStorable, `a JSON object of at most ${depthMax} levels, without U+0000 and without "__proto__"`);

const ResolveRuleSchema = z
  .union([z.enum(['last-write', 'first-write', 'highest', 'lowest']), z.templateLiteral(['prefer:', z.string().regex(regionNamePattern)])])
  .meta({ description: 'Which of several concurrent values is shown' });

export const policyKinds = ['lww', 'counter', 'append', 'document'] as const;
export type PolicyKind = (typeof policyKinds)[number];

/** The rules of docs/flows/collections.md. The kind is for good: a state of one kind is none of another. */
export const CollectionPolicySchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('lww'),
      rules: z
        .record(z.union([z.literal('*'), FieldNameSchema]), ResolveRuleSchema)
        .default({})
        .meta({ description: 'Field, or "*" for all others, to the rule that chooses among concurrent values; last-write unless said' }),
    }),
    z.object({
      kind: z.literal('counter'),
      bounded: z.boolean().default(true).meta({ description: 'Never below zero, in any region, also while cut off (escrow)' }),
    }),
    z.object({ kind: z.literal('append') }),
    z.object({
      kind: z.literal('document'),
      genesis: JsonObjectSchema.default({}).meta({
        description: 'What every document begins with. Lists and objects that two regions may begin at once belong here',
      }),
      text: z
        .array(FieldNameSchema)
        .default([])
        .meta({ description: 'Top-level fields whose strings are texts that several people edit at once' }),
    }),
  ])
  .meta({ id: 'CollectionPolicy' });
export type CollectionPolicy = z.infer<typeof CollectionPolicySchema>;

/** A request body has 64 kB; a document must fit one with room for the rest. */
const documentBytesCeiling = 48 * 1024;

export const CollectionBudgetsSchema = z
  .object({
    documentBytes: z
      .number()
      .int()
      .min(256)
      .max(documentBytesCeiling)
      .default(32_768)
      .meta({ description: 'Stored bytes of one document; a write beyond is refused' }),
    documents: z.number().int().min(1).default(100_000).meta({ description: 'Documents of the collection; beyond is a finding' }),
    changes: z
      .number()
      .int()
      .min(16)
      .default(10_000)
      .meta({ description: 'Changes kept inside one nested document; a write beyond is refused' }),
  })
  .meta({ id: 'CollectionBudgets' });

export const DefineCollectionSchema = z
  .strictObject({
    scope: z
      .enum(['tenant', 'fleet'])
      .default('tenant')
      .meta({ description: 'Whether each document belongs to a tenant; fixed once defined' }),
    policy: CollectionPolicySchema,
    budgets: CollectionBudgetsSchema.default({ documentBytes: 32_768, documents: 100_000, changes: 10_000 }),
  })
  .meta({ id: 'DefineCollection' });
export type DefineCollection = z.infer<typeof DefineCollectionSchema>;

export const CollectionSchema = z
  .object({
    name: CollectionNameSchema,
    scope: z.enum(['tenant', 'fleet']),
    policy: CollectionPolicySchema,
    budgets: CollectionBudgetsSchema,
    version: z.number().int().meta({ description: 'Grows with each definition' }),
    definedAt: z.string().meta({ description: 'Hybrid logical time of the definition that holds' }),
    definedIn: RegionNameSchema,
    documents: z.number().int().meta({ description: 'Documents that exist, in all tenants' }),
    conflicts: z.number().int().meta({ description: 'Documents with values that are not shown' }),
    histories: z
      .object({
        bytes: z.number().int().meta({ description: 'Of all histories' }),
        largestBytes: z.number().int(),
        due: z.number().int().meta({ description: 'Histories that are long beside what their documents hold' }),
        proposed: z.number().int().meta({ description: 'Of documents whose histories are about to begin anew' }),
      })
      .optional()
      .meta({ description: 'Of nested documents' }),
    findings: z
      .array(z.object({ budget: z.enum(['documentBytes', 'documents', 'changes']), limit: z.number(), actual: z.number() }))
      .meta({ description: 'Budgets that are passed' }),
  })
  .meta({ id: 'Collection' });
export type CollectionView = z.infer<typeof CollectionSchema>;
export const CollectionPageSchema = pageOf(CollectionSchema).meta({ id: 'CollectionPage' });

export const DocumentSchema = z
  .object({
    collection: CollectionNameSchema,
    tenant: z.string().meta({ description: 'Tenant id; empty in a collection of the fleet' }),
    id: DocumentIdSchema,
    value: z.unknown().meta({ description: 'The fields, the counter’s number, the entry’s body, or the nested document' }),
    rights: z.record(z.string(), z.number()).optional().meta({ description: 'Of a counter: what each region may subtract by itself' }),
    variants: z
      .array(z.unknown())
      .optional()
      .meta({ description: 'Of a corrupt entry: every body that its id was given; "value" is the first' }),
    history: z
      .object({
        generation: z.number().int().meta({ description: 'How often its history has begun anew' }),
        changes: z.number().int(),
        bytes: z.number().int(),
      })
      .optional()
      .meta({ description: 'Of a nested document' }),
    unreadable: z.boolean().optional().meta({
      description:
        'What is kept of it can’t be read any more: "value" is null, and "stampctl drift repair" puts it right from another region',
    }),
    conflicts: z.number().int().meta({ description: 'Values that are not shown; the conflict ledger has them' }),
    etag: z.string().meta({ description: 'Equal in all regions that know the same writes' }),
    updatedAt: TimeSchema,
  })
  .meta({ id: 'Document' });
export type DocumentView = z.infer<typeof DocumentSchema>;
export const DocumentPageSchema = pageOf(DocumentSchema).meta({ id: 'DocumentPage' });

const units = z.number().int().min(1).max(1_000_000_000);
const path = z
  .array(z.union([z.string().max(200), z.number().int().min(0)]))
  .min(1)
  .max(depthMax);

export const DocumentOperationSchema = z
  .discriminatedUnion('op', [
    z.strictObject({ op: z.literal('add'), units }),
    z.strictObject({ op: z.literal('subtract'), units }),
    z.strictObject({ op: z.literal('give'), units, to: RegionNameSchema }),
    z.strictObject({ op: z.literal('set'), path, value: JsonSchema }),
    z.strictObject({ op: z.literal('remove'), path }),
    z.strictObject({ op: z.literal('insert'), path, index: z.number().int().min(0), values: z.array(JsonSchema).min(1).max(1_000) }),
    z.strictObject({
      op: z.literal('text'),
      path,
      index: z.number().int().min(0),
      remove: z.number().int().min(0),
      insert: z.string().max(32_768),
    }),
  ])
  .meta({ id: 'DocumentOperation' });
export type DocumentOperation = z.infer<typeof DocumentOperationSchema>;

/** One counter operation, or edits of a nested document that become one change. */
export const OperateSchema = z
  .strictObject({ operations: z.array(DocumentOperationSchema).min(1).max(100) })
  .meta({ id: 'OperateDocument' });

export const PutDocumentSchema = z.strictObject({ value: JsonSchema }).meta({ id: 'PutDocument' });
export const PatchDocumentSchema = z
  .strictObject({ value: JsonObjectSchema.meta({ description: 'JSON Merge Patch: null removes. Fields of lww are replaced as a whole' }) })
  .meta({ id: 'PatchDocument' });

/** The tenant whose documents are meant; a stamp's workload says it in the header x-lapidary-tenant as well. */
export const DocumentQuerySchema = z.object({ tenant: TenantIdSchema.optional() });
export const DocumentListQuerySchema = PageQuerySchema.extend({
  tenant: TenantIdSchema.optional(),
  prefix: z.string().max(documentIdLengthMax).optional(),
});

/** Position of a reader in what each region has told, to be sent back: `eu=1.42,us=~<event id>`. */
export const causalHeader = 'x-lapidary-causal';

export const PolicyPreviewSchema = z
  .object({
    documents: z.number().int().meta({ description: 'Documents with concurrent values that were resolved anew' }),
    ledger: z.number().int().meta({ description: 'Entries of the conflict ledger that were decided anew' }),
    changes: z
      .array(
        z.object({
          tenant: z.string(),
          id: z.string(),
          field: z.string(),
          before: z.unknown(),
          after: z.unknown(),
          from: z.enum(['state', 'ledger']),
        }),
      )
      .meta({ description: 'What would be shown otherwise ("state"), or would have been decided otherwise ("ledger")' }),
    unreadable: z
      .number()
      .int()
      .optional()
      .meta({ description: 'Documents with concurrent values of which nothing can be said: they can’t be read' }),
    overBudget: z
      .array(z.object({ tenant: z.string(), id: z.string(), bytes: z.number() }))
      .meta({ description: 'Documents beyond the new budget' }),
    cut: z
      .array(z.enum(['documents', 'ledger', 'overBudget']))
      .optional()
      .meta({
        description:
          'Of these there are more than a preview looks at (1,000): it tells of the newest, or longest, and nothing of the others',
      }),
    refused: z.string().nullable().meta({ description: 'Why this policy can’t be set; null: it can' }),
  })
  .meta({ id: 'PolicyPreview' });
export type PolicyPreview = z.infer<typeof PolicyPreviewSchema>;
