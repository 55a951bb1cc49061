import { z } from 'zod';
import { addressLengthMax } from './api/common.js';

/** A request of the HTTP API, as the region that owns its subject gets it. */
export const IntentCommandSchema = z.object({
  method: z.string().max(10),
  /** Path with query. */
  url: z.string().startsWith('/v1/').max(addressLengthMax),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
  principal: z.object({
    actor: z.string().min(1).max(200),
    bindings: z.array(z.object({ role: z.string(), region: z.string() })),
  }),
});
export type IntentCommand = z.infer<typeof IntentCommandSchema>;

const idOf = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);

/**
 * Request on api.<region>.intents.<peer>, from a peer to the region that owns the subject: do this once, or: see to it that
 * this is never done. Both may come any number of times, in any order.
 */
export const IntentRequestSchema = z.discriminatedUnion('want', [
  z.object({ want: z.literal('execute'), id: idOf, expiresAt: z.iso.datetime(), command: IntentCommandSchema }),
  z.object({ want: z.literal('cancel'), id: idOf, expiresAt: z.iso.datetime(), by: z.string().min(1).max(200) }),
]);
export type IntentRequest = z.infer<typeof IntentRequestSchema>;

export const intentVerdicts = ['executed', 'refused', 'cancelled', 'expired'] as const;
export type IntentVerdict = (typeof intentVerdicts)[number];

/** The owner's verdict, which never changes; `not-now`: it has none yet, ask again. With the answer of its API where there is one. */
export const IntentReplySchema = z.object({
  verdict: z.enum([...intentVerdicts, 'not-now']),
  answer: z.object({ status: z.number().int(), headers: z.record(z.string(), z.string()), body: z.string() }).nullable(),
});
export type IntentReply = z.infer<typeof IntentReplySchema>;
