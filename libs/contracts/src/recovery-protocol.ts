import { z } from 'zod';

const After = z.string().max(200);
/** Rows of the ledger that are asked for at once, some kilobyte each; what does not fit one answer is asked for again. */
export const ledgerRowsAtOnceMax = 100;

/**
 * Request on geo.<region>.recovery.<peer>: the peer was restored from a backup, and asks what this region holds of it. Documents are found
 * and fetched by the digests' own questions (digest-protocol.ts).
 */
export const RecoveryQuestionSchema = z.discriminatedUnion('want', [
  z.object({ want: z.literal('log') }),
  z.object({ want: z.literal('stamps'), after: After }),
  z.object({ want: z.literal('tenants'), after: After }),
  z.object({ want: z.literal('definitions'), after: After }),
  z.object({ want: z.literal('ledger'), after: After }),
  z.object({ want: z.literal('ledger-rows'), ids: z.array(After).min(1).max(ledgerRowsAtOnceMax) }),
]);
export type RecoveryQuestion = z.infer<typeof RecoveryQuestionSchema>;

const PositionSchema = z.object({ epoch: z.number().int().min(0), sequence: z.number().int().min(0) });

export const KnownLogSchema = PositionSchema.extend({
  last: z.object({ sequence: z.number().int(), event: z.string() }).optional(),
  /** Latest hybrid time of the asking region that is known here; null: none. */
  latestHlc: z.string().nullable(),
  /** Where the answering region's own log stands: what the asking one must have taken in before it asks for documents. */
  own: PositionSchema,
  /** The answering region was restored, too: it tells all of its log anew later. */
  setBack: z.boolean(),
  /** The answering region writes nothing itself, since its database was restored or may have been: it vouches for nobody's log. */
  fenced: z.boolean().optional(),
  /** Changes of the asking region that wait here until the clock has come near their time; without it: none that is known. */
  held: z.number().int().min(0).optional(),
  /** How long the answering region remembers what was deleted. */
  tombstoneDays: z.number().int().min(1),
  /** It answers questions about its ledger; without it: of an older version, which does not. */
  ledger: z.boolean().optional(),
});
export type KnownLog = z.infer<typeof KnownLogSchema>;

/**
 * What the answering region holds of the asking one, in the order of names; `next`: ask again after it. Items are checked one by one. Of the
 * ledger: ids of all rows that the asking region may hold, and the rows of some of them.
 */
export const HeldPageSchema = z.object({ items: z.array(z.unknown()), next: z.string().nullable() });
export type HeldPage = z.infer<typeof HeldPageSchema>;
