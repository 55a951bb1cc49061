import { z } from 'zod';
import { WireProtocolSchema } from '../wire-protocol.js';

/**
 * Request on geo.<region>.ack, from a peer to the origin: how far the peer has applied the origin's events. The answer
 * says where the origin stands, so that a peer finds a hole at the end of a stream too, which no later event shows. Both say which
 * protocol they speak: it is the hello between regions, and stays as it is while other subjects change.
 */
export const AckRequestSchema = z.object({
  peer: z.string(),
  epoch: z.number().int().min(0),
  sequence: z.number().int().min(0),
  protocol: WireProtocolSchema.optional(),
  /** The last event of that epoch that was taken in: shows an origin that was restored, and wrote on, that it did. */
  last: z.object({ sequence: z.number().int().min(1), event: z.string().max(64) }).optional(),
});
export type AckRequest = z.infer<typeof AckRequestSchema>;
export const AckReplySchema = z.object({
  region: z.string(),
  epoch: z.number().int().min(1),
  head: z.number().int().min(0),
  protocol: WireProtocolSchema.optional(),
  /** The origin was restored from a backup, and tells nothing until it has begun a new epoch. */
  setBack: z.boolean().optional(),
});
export type AckReply = z.infer<typeof AckReplySchema>;

/**
 * Request on geo.<region>.contents.<peer>: changes of documents with their contents, of tenants that may be at the peer, for which the
 * stream and back-fills have `lapidary.document.withheld.v1` in their place. With `tenant`, of that one alone.
 */
export const ContentsRequestSchema = z.object({
  epoch: z.number().int().min(1),
  from: z.number().int().min(1),
  to: z.number().int().min(1),
  tenant: z.string().max(63).optional(),
});
export type ContentsRequest = z.infer<typeof ContentsRequestSchema>;
/** In ascending order, everything up to `through` that the origin may show. `refused`: as far as it knows, the tenant may not be there. */
export const ContentsReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), events: z.array(z.unknown()), through: z.number().int().min(0) }),
  z.object({ ok: z.literal(false), code: z.enum(['epoch_unknown', 'refused']) }),
]);
export type ContentsReply = z.infer<typeof ContentsReplySchema>;
