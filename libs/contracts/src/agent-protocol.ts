import { z } from 'zod';
import { StampNameSchema, TenantIdSchema } from './api/common.js';

/**
 * Between a stamp's agent and its region's control plane, JSON over that region's NATS.
 *
 *   register  agent → control plane (request)  a new process says who it is; gets the stamp's new epoch and all tenants
 *   heartbeat agent → control plane (publish)  every heartbeatMs
 *   sync      agent → control plane (request)  every resyncMs, after a reconnect, and on a miss
 *   hold      control plane → agent (request)  one tenant to hold or to drop, pushed when it changes
 *   credentials  agent → control plane (request)  a token by which the workload reaches collections; asked again at half its life
 *   fence     control plane → agent (publish)  a newer process has registered; best effort, since sync tells it too
 *
 * A message under an epoch older than the stamp's is answered `fenced`: the process registers anew or ends (P-HB3).
 */
export const HoldingSchema = z.object({
  tenant: TenantIdSchema,
  epoch: z.number().int().min(1),
  /** Directory cursor of the cause; a hold or drop with a lower cursor than the held one is stale and ignored. */
  cursor: z.number().int().min(0),
});
export type Holding = z.infer<typeof HoldingSchema>;

export const RegisterRequestSchema = z.object({
  stamp: StampNameSchema,
  token: z.string().min(16),
  /** ULID of this process; the same process may register again without raising the epoch. */
  instanceId: z.string().length(26),
  agentVersion: z.string(),
  workloadVersion: z.string().nullable(),
  frontDoor: z.url(),
});
export type RegisterRequest = z.infer<typeof RegisterRequestSchema>;

export const AgentRefusalSchema = z.object({
  ok: z.literal(false),
  code: z.enum(['fenced', 'unauthenticated', 'not_found', 'invalid_input', 'not_ready']),
  message: z.string(),
});

/** All tenants of the stamp as of directory cursor `asOf`; holdings with a cursor up to asOf that are missing are dropped. */
export const HoldingsSchema = z.object({ asOf: z.number().int().min(0), holdings: z.array(HoldingSchema) });
export type Holdings = z.infer<typeof HoldingsSchema>;

export const RegisterReplySchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    epoch: z.number().int().min(1),
    heartbeatMs: z.number().int().min(100),
    resyncMs: z.number().int().min(1000),
    holdings: HoldingsSchema,
  }),
  AgentRefusalSchema,
]);
export type RegisterReply = z.infer<typeof RegisterReplySchema>;

/**
 * Upper bounds of the latency buckets in a heartbeat, in milliseconds; one more bucket holds what took longer. Fixed, so
 * that counts of different stamps can be added up: percentiles can't.
 */
export const latencyBoundsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/**
 * What the front door has seen since the agent's process started. Counters and not rates: a heartbeat that is lost takes
 * nothing with it, the next one says it all.
 */
export const TrafficSchema = z.object({
  /** Requests that passed the fence and that the workload was asked to answer; upgrades left out. */
  requests: z.number().int().min(0),
  /** Of those: answered 5xx, cut in the middle, or not answered. What the client itself broke off is in neither. */
  errors: z.number().int().min(0),
  /** Answered requests by the time until the answer began. */
  latency: z.array(z.number().int().min(0)).length(latencyBoundsMs.length + 1),
});
export type Traffic = z.infer<typeof TrafficSchema>;

export const HeartbeatSchema = z.object({
  stamp: StampNameSchema,
  instanceId: z.string().length(26),
  epoch: z.number().int().min(1),
  sequence: z.number().int().min(1),
  atMs: z.number().int(),
  load: z.object({
    cpuPercent: z.number().min(0),
    memoryBytes: z.number().int().min(0),
    requestsPerSecond: z.number().min(0),
    inFlight: z.number().int().min(0),
  }),
  holding: z.object({
    count: z.number().int().min(0),
    asOf: z.number().int().min(0),
    /** Sum over what is held (route-replica.ts). */
    root: z.string().optional(),
  }),
  workload: z.object({ healthy: z.boolean(), version: z.string().nullable() }),
  agentVersion: z.string(),
  /** Digest of the wire's schemas as this agent knows them (schemas/released.ts). */
  schemas: z.string().optional(),
  /** Left out by older agents; what another layout of buckets says is not taken for ours. */
  traffic: TrafficSchema.optional().catch(undefined),
});
export type Heartbeat = z.infer<typeof HeartbeatSchema>;

export const SyncRequestSchema = z.object({ stamp: StampNameSchema, instanceId: z.string().length(26), epoch: z.number().int().min(1) });
export type SyncRequest = z.infer<typeof SyncRequestSchema>;
export const SyncReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), holdings: HoldingsSchema }),
  AgentRefusalSchema,
]);
export type SyncReply = z.infer<typeof SyncReplySchema>;

export const HoldCommandSchema = HoldingSchema.extend({ hold: z.boolean() });
export type HoldCommand = z.infer<typeof HoldCommandSchema>;
/** What the agent holds for the tenant after the command; epoch 0: nothing. */
export const HoldReplySchema = z.object({
  ok: z.literal(true),
  instanceId: z.string(),
  stampEpoch: z.number().int(),
  epoch: z.number().int(),
});
export type HoldReply = z.infer<typeof HoldReplySchema>;

/** A process of this stamp under a lower epoch is fenced off: it stops serving at once (P-HB3). */
export const FenceNoticeSchema = z.object({ stamp: StampNameSchema, epoch: z.number().int().min(1) });
export type FenceNotice = z.infer<typeof FenceNoticeSchema>;

/** By the stamp's present process alone, which proves itself as at registration. */
export const CredentialsRequestSchema = SyncRequestSchema.extend({ token: z.string().min(16) });
export type CredentialsRequest = z.infer<typeof CredentialsRequestSchema>;
export const CredentialsReplySchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    /** Address of the region's HTTP API. */
    url: z.url(),
    token: z.string().min(16),
    expiresAt: z.iso.datetime(),
    lifeMs: z.number().int().min(1_000),
  }),
  AgentRefusalSchema,
]);
export type CredentialsReply = z.infer<typeof CredentialsReplySchema>;
