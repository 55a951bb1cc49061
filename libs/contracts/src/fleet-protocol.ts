import { z } from 'zod';
import { DigestQuestionSchema, KnownSchema, rowsAtOnceMax } from './digest-protocol.js';

/** What regions tell each other beside documents: who owns a row alone writes it; definitions are merged, as documents are. */
export const fleetTables = ['definition', 'stamp', 'tenant'] as const;
export type FleetTable = (typeof fleetTables)[number];
const FleetTableSchema = z.enum(fleetTables);
/** Rows are summed in so many buckets; a million tenants are 250 in each. */
export const fleetBuckets = 4_096;
const BucketSchema = z.number().int().min(0).max(fleetBuckets);
const FleetKeySchema = z.string().min(1).max(200);
const FleetRowDigestSchema = z.string().regex(/^[0-9a-f]{16}$/);
const FleetSumFields = { rows: z.number().int().min(0), sum: z.string().regex(/^-?[0-9]{1,30}$/) };

/** Digests of rows, added up; 64 bits of each. */
export interface FleetSum {
  readonly rows: number;
  readonly sum: string;
}

/** Of whoever reads the ledger of names; a region of the version before does not ask for this, and leaves such tenants out. */
const ContestedSchema = { contested: z.boolean().optional() };

/** Request on geo.<region>.digest, beside the questions about documents. A region of the version before refuses it as "invalid_input". */
export const FleetQuestionSchema = z.discriminatedUnion('want', [
  /** Of the rows that the answering region owns, and of all definitions. */
  z.object({ want: z.literal('fleet-sums'), ...ContestedSchema }),
  z.object({ want: z.literal('fleet-buckets'), table: FleetTableSchema, ...ContestedSchema }),
  z.object({
    want: z.literal('fleet-rows'),
    table: FleetTableSchema,
    buckets: z.array(BucketSchema).max(fleetBuckets),
    ...ContestedSchema,
  }),
  z.object({
    want: z.literal('fleet-looks'),
    table: FleetTableSchema,
    keys: z.array(FleetKeySchema).max(rowsAtOnceMax),
    views: z.boolean(),
  }),
]);
export type FleetQuestion = z.infer<typeof FleetQuestionSchema>;
/** All that is asked on that subject. */
export const PeerDigestQuestionSchema = z.union([DigestQuestionSchema, FleetQuestionSchema]);
export type PeerDigestQuestion = z.infer<typeof PeerDigestQuestionSchema>;

export const FleetSumsAnswerSchema = z.object({ sums: z.array(z.object({ table: FleetTableSchema, ...FleetSumFields })) });
/** Of the buckets that hold any row. */
export const FleetBucketsAnswerSchema = z.object({ buckets: z.array(z.object({ bucket: BucketSchema, ...FleetSumFields })) });
/** `cut`: there are more. */
export const FleetRowsAnswerSchema = z.object({
  rows: z.array(z.object({ key: FleetKeySchema, digest: FleetRowDigestSchema })),
  cut: z.boolean(),
});
export const FleetLookSchema = z.object({
  key: FleetKeySchema,
  /** Null: it is not there. */
  digest: FleetRowDigestSchema.nullable(),
  /** It can't be judged: an event of it is parked or refused, or waits for its time. */
  held: z.boolean(),
  /** Where it was asked for: what an event would tell of it. */
  view: z.unknown().optional(),
});
export type FleetLook = z.infer<typeof FleetLookSchema>;
/** Of one moment, in the order of the keys; `cut`: the answer would have been too large. */
export const FleetLooksAnswerSchema = z.object({ known: KnownSchema, looks: z.array(FleetLookSchema), cut: z.boolean() });
export type FleetLooksAnswer = z.infer<typeof FleetLooksAnswerSchema>;
