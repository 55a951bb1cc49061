import { hash } from 'node:crypto';
import { z } from 'zod';
import { tenantKey, type DirectoryEntry } from './directory.js';
import type { Holding } from './agent-protocol.js';

/**
 * What a router's directory and a stamp's list of tenants are asked for when the control plane looks for drift (P-GE5): sums by
 * bucket first, and of the buckets that differ what is in them.
 */
export const routeBuckets = 256;

/** What a replica believes of one key, as far as serving depends on it. */
export const RouteMarkSchema = z.object({
  key: z.string().max(200),
  cursor: z.number().int(),
  epoch: z.number().int(),
  /** Of a tenant in a directory: status and stamp. Of a stamp: its status. In a stamp's list: nothing. */
  to: z.string().max(200),
});
export type RouteMark = z.infer<typeof RouteMarkSchema>;

/** Request to one router or agent (subjects routerReplica, agentReplica). */
export const ReplicaQuestionSchema = z.discriminatedUnion('want', [
  z.object({ want: z.literal('buckets') }),
  z.object({
    want: z.literal('marks'),
    buckets: z
      .array(
        z
          .number()
          .int()
          .min(0)
          .max(routeBuckets - 1),
      )
      .max(routeBuckets),
  }),
  /** Fetch the whole anew from the control plane. */
  z.object({ want: z.literal('refresh') }),
]);
export type ReplicaQuestion = z.infer<typeof ReplicaQuestionSchema>;

const PositionSchema = z.object({
  /** Which database gave the cursors; null where the replica does not know. */
  generation: z.string().nullable(),
  /** The replica claims to know everything up to here; read before the rest of the answer. */
  cursor: z.number().int(),
});
export type ReplicaPosition = z.infer<typeof PositionSchema>;

export const BucketsAnswerSchema = z.object({
  position: PositionSchema,
  buckets: z.array(z.object({ count: z.number().int(), root: z.string() })).length(routeBuckets),
});
export type BucketsAnswer = z.infer<typeof BucketsAnswerSchema>;

/** `cut`: there are more than one answer holds. */
export const MarksAnswerSchema = z.object({ position: PositionSchema, marks: z.array(RouteMarkSchema), cut: z.boolean() });
export type MarksAnswer = z.infer<typeof MarksAnswerSchema>;

export const RefreshAnswerSchema = z.object({ refreshed: z.boolean() });

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** The first byte of the key's sha256. The same in SQL: own-routes.ts. */
export const routeBucketOf = (key: string): number => parseInt(sha256(key).slice(0, 2), 16);

/** 64 bits of everything that is in a mark; a bucket's root is their sum modulo 2^64 (contracts/directory-digest.ts). */
export const markHash = ({ key, cursor, epoch, to }: RouteMark): bigint =>
  BigInt(`0x${sha256(`${key}\n${cursor}\n${epoch}\n${to}`).slice(0, 16)}`);

export const markOfEntry = ({ key, cursor, body }: DirectoryEntry): RouteMark => ({
  key,
  cursor,
  epoch: body.epoch,
  to: body.kind === 'tenant' ? `${body.status} ${body.stamp ?? ''}` : body.status,
});

export const markOfHolding = ({ tenant, epoch, cursor }: Holding): RouteMark => ({ key: tenantKey(tenant), cursor, epoch, to: '' });
