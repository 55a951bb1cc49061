import { z } from 'zod';
import { StampNameSchema, TenantIdSchema } from './api/common.js';

/** Paths below this one are the router's on every tenant's host, never the workload's. */
export const routerPathPrefix = '/.well-known/lapidary/';
/** GET: where the tenant of this host is, and a claim for it (P-ST7, token-encoded). */
export const routeGrantPath = '/.well-known/lapidary/route';
/** GET: the public keys of claims, as a JSON Web Key Set; needs no tenant. */
export const routeKeysPath = '/.well-known/lapidary/route-keys';

/** Carries a claim to a stamp's public door. Not one of our internal names: a client may send it. */
export const routeClaimHeader = 'lapidary-route-claim';
/** Kept apart from other tokens of the same keys (RFC 8725 §3.11). */
export const routeClaimType = 'lapidary-route+jwt';
export const routeClaimIssuer = 'lapidary-router';
export const routeClaimAlgorithm = 'EdDSA';
export const routeClaimAudience = (stamp: string): string => `lapidary-stamp:${stamp}`;

/**
 * What a router says under its signature: until `exp`, requests for tenant `sub` may go to this stamp by themselves. The stamp still fences by
 * `epoch` (I4): a claim is a passport, not a placement. Times in seconds since the epoch, as in every JWT.
 */
export const RouteClaimSchema = z.object({
  iss: z.literal(routeClaimIssuer),
  sub: TenantIdSchema,
  aud: z.string(),
  stamp: StampNameSchema,
  epoch: z.number().int().min(1).max(999_999_999_999_999),
  /** Base URL of the stamp's public door that this was made for. */
  url: z.url(),
  /** The tenant's own host, which a workload would be asked under through a router. */
  host: z.string().max(253),
  iat: z.number().int(),
  exp: z.number().int(),
});
export type RouteClaim = z.infer<typeof RouteClaimSchema>;

/** Answer to GET /.well-known/lapidary/route. Without a way to the stamp itself, `direct` is null: the router is the way. */
export const RouteGrantSchema = z.object({
  tenant: TenantIdSchema,
  stamp: StampNameSchema,
  epoch: z.number().int(),
  direct: z
    .object({
      url: z.url(),
      claim: z.string(),
      /** From now; a span and not a time, since clients' clocks are wrong. */
      lifetimeMs: z.number().int().min(0),
    })
    .nullable(),
});
export type RouteGrant = z.infer<typeof RouteGrantSchema>;
