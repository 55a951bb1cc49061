import { z } from 'zod';

export const eventIdLengthMax = 64;
export const eventSubjectLengthMax = 200;
export const eventTypePattern = /^lapidary\.[a-z]+(?:\.[a-z-]+)+\.v[1-9][0-9]*$/;

/**
 * A fact from a region's outbox: CloudEvents 1.0 attributes plus ours as extension attributes (lower case, no
 * separators, as CloudEvents asks). (originregion, originepoch, originsequence) identifies an event for good: order,
 * dedupe and gap detection use it; the broker's numbers are only optimisations.
 */
export const EventEnvelopeSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(eventIdLengthMax),
  source: z.string().startsWith('/regions/'),
  type: z.string().regex(eventTypePattern),
  subject: z.string().min(1).max(eventSubjectLengthMax),
  time: z.iso.datetime(),
  originregion: z.string(),
  originepoch: z.number().int().min(1),
  originsequence: z.number().int().min(1),
  hlc: z.string(),
  requestid: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type EventEnvelope = z.infer<typeof EventEnvelopeSchema>;

/** Events per message, at most: packing is what makes the relay fast (measured 19–58 times one message per event). */
export const batchEventsMax = 500;
/** Events per answer to a back-fill, at most: fewer round trips and better compressed; readers take them in by smaller pieces. */
export const backfillEventsMax = 500;
/** Characters of JSON that a message of several events tells of, at most: what a reader holds at once. */
export const batchBytesMax = 512 * 1024;

/** One JetStream message: this by columns (messaging/columns), from older versions brotli of this as JSON. Sequences ascend without holes. */
export const EventBatchSchema = z.object({ events: z.array(EventEnvelopeSchema).min(1) });
export type EventBatch = z.infer<typeof EventBatchSchema>;

/**
 * Request on geo.<region>.backfill: events of `epoch` with from ≤ sequence ≤ to. The answer is a batch in ascending order
 * that covers everything from `from` to `through`; what is missing in between was superseded and pruned.
 */
export const BackfillRequestSchema = z.object({
  epoch: z.number().int().min(1),
  from: z.number().int().min(1),
  to: z.number().int().min(1),
});
export type BackfillRequest = z.infer<typeof BackfillRequestSchema>;
/** Events are checked one by one by the reader, so that one bad event holds up no other (P-SC3). */
export const BackfillReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), events: z.array(z.unknown()), through: z.number().int().min(0) }),
  z.object({ ok: z.literal(false), code: z.literal('epoch_unknown'), epoch: z.number().int() }),
]);
export type BackfillReply = z.infer<typeof BackfillReplySchema>;
