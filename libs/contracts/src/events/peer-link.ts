import { z } from 'zod';

/**
 * Request on geo.<region>.ack, from a peer to the origin: how far the peer has applied the origin's events. The answer
 * says where the origin stands, so that a peer finds a hole at the end of a stream too, which no later event shows.
 */
export const AckRequestSchema = z.object({ peer: z.string(), epoch: z.number().int().min(0), sequence: z.number().int().min(0) });
export type AckRequest = z.infer<typeof AckRequestSchema>;
export const AckReplySchema = z.object({ region: z.string(), epoch: z.number().int().min(1), head: z.number().int().min(0) });
export type AckReply = z.infer<typeof AckReplySchema>;
