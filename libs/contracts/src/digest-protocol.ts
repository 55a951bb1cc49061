import { z } from 'zod';
import { CollectionNameSchema, policyKinds } from './api/collections.js';

/** Rows by name in one request, at most: with their states one answer would not hold many more. */
export const rowsAtOnceMax = 500;
/** Buckets of which elements are asked at once, at most: all there are. */
const bucketsMax = 4_096;

const ElementNameSchema = z.string().regex(/^[0-9a-f]{16}$/);
const DomainFields = { collection: CollectionNameSchema, kind: z.enum(policyKinds), audience: z.string().max(2_000) };
const RowKeySchema = z.object({ tenant: z.string().max(200), id: z.string().min(1).max(200) });
export type RowKey = z.infer<typeof RowKeySchema>;

/** How far the answering region knew each region's events at that moment; its own include what is committed and not yet numbered. */
export const KnownSchema = z.record(z.string(), z.object({ epoch: z.number().int().min(0), sequence: z.number().int().min(0) }));

/** Request on geo.<region>.digest. */
export const DigestQuestionSchema = z.discriminatedUnion('want', [
  /** At every heartbeat: with its answer less than 64 bytes. */
  z.object({ want: z.literal('root') }),
  z.object({ want: z.literal('domains') }),
  /** Which rows these elements are. */
  z.object({ want: z.literal('names'), ...DomainFields, elements: z.array(ElementNameSchema).max(rowsAtOnceMax) }),
  z.object({ want: z.literal('rows'), ...DomainFields, keys: z.array(RowKeySchema).max(rowsAtOnceMax), states: z.boolean() }),
]);
export type DigestQuestion = z.infer<typeof DigestQuestionSchema>;

/** Of all documents that both regions may have. */
export const RootAnswerSchema = z.object({ root: ElementNameSchema });
export const DomainsAnswerSchema = z.object({
  domains: z.array(z.object({ ...DomainFields, rows: z.number().int(), sum: z.string().regex(/^[0-9]{1,20}$/) })),
});

export const NamesAnswerSchema = z.object({ keys: z.array(RowKeySchema) });

const RowSchema = RowKeySchema.extend({
  /** Null: it is not there. */
  digest: z.string().max(64).nullable(),
  /** It can't be judged: a change of it waits for its time or for its contents, or its tenant's residency is changing. */
  held: z.boolean(),
  /** Where they were asked for: the state, and of a nested document its bytes in base64. */
  state: z.unknown().optional(),
  automerge: z.string().nullable().optional(),
});
/** In the order of the keys; `apart`: how far what repairs brought there may go beyond `known`; `cut`: the answer would have been too large, ask again for the keys after the last. */
export const RowsAnswerSchema = z.object({ known: KnownSchema, apart: KnownSchema.optional(), rows: z.array(RowSchema), cut: z.boolean() });
export type RowsAnswer = z.infer<typeof RowsAnswerSchema>;
export type DigestRow = z.infer<typeof RowSchema>;

/** Request on geo.<region>.sketch; the answer is bytes (docs/adr/0038). */
export const SketchQuestionSchema = z.discriminatedUnion('want', [
  z.object({ want: z.literal('symbols'), ...DomainFields, from: z.number().int().min(0), to: z.number().int().min(1) }),
  z.object({ want: z.literal('buckets'), ...DomainFields }),
  /** Of the rows in these buckets: 8 bytes each. */
  z.object({ want: z.literal('elements'), ...DomainFields, buckets: z.array(z.number().int().min(0)).max(bucketsMax) }),
]);
export type SketchQuestion = z.infer<typeof SketchQuestionSchema>;
