import { z } from 'zod';
import { routeTokenCharsMax } from './api/routing.js';
import { RegionNameSchema, StampNameSchema, TenantIdSchema } from './api/common.js';
import { stampStatuses } from './api/stamps.js';
import { tenantStatuses } from './api/tenants.js';

/** What a router must know of a tenant. */
export const TenantRouteSchema = z.object({
  kind: z.literal('tenant'),
  tenant: TenantIdSchema,
  region: RegionNameSchema,
  status: z.enum(tenantStatuses),
  stamp: StampNameSchema.nullable(),
  epoch: z.number().int().min(0),
  /** Host names beside `<tenant>.<base domain>`. */
  hosts: z.array(z.string()),
  /** Regions or jurisdictions whose routers alone may read the tenant's requests; left out: all may. */
  strictIn: z.array(z.string()).optional(),
  /** A move is about to switch stamps: until it has, nobody may forward to either. Requests wait, for a short time. */
  frozen: z.boolean().optional(),
});
export type TenantRoute = z.infer<typeof TenantRouteSchema>;

/** What a router must know of a stamp. */
export const StampRouteSchema = z.object({
  kind: z.literal('stamp'),
  stamp: StampNameSchema,
  region: RegionNameSchema,
  status: z.enum(stampStatuses),
  epoch: z.number().int().min(0),
  frontDoors: z.array(z.url()),
});
export type StampRoute = z.infer<typeof StampRouteSchema>;

export const RouteBodySchema = z.discriminatedUnion('kind', [TenantRouteSchema, StampRouteSchema]);
export type RouteBody = z.infer<typeof RouteBodySchema>;

/**
 * One row of the directory. `key` is `tenant/<id>` or `stamp/<name>`. `cursor` is given in commit order by the
 * region's directory publisher and only grows: the entry with the higher cursor is the newer one.
 */
export const DirectoryEntrySchema = z.object({
  key: z.string(),
  cursor: z.number().int().min(1),
  /** When the cause was committed, milliseconds since the epoch; for the propagation metric. */
  committedAtMs: z.number().int(),
  body: RouteBodySchema,
});
export type DirectoryEntry = z.infer<typeof DirectoryEntrySchema>;

export const DirectoryDigestSchema = z.object({
  region: RegionNameSchema,
  /** Identifies the database that gives the cursors; when it changes, cursors start anew. */
  generation: z.string(),
  cursor: z.number().int().min(0),
  count: z.number().int().min(0),
  /** Sum mod 2^64 of entryHash over all entries, 16 hex digits. */
  root: z.string(),
});
export type DirectoryDigest = z.infer<typeof DirectoryDigestSchema>;

export const SnapshotRequestSchema = z.object({ after: z.string().nullable(), limit: z.number().int().min(1).max(5000) });
export const SnapshotPageSchema = z.object({
  digest: DirectoryDigestSchema,
  entries: z.array(DirectoryEntrySchema),
  next: z.string().nullable(),
});
export type SnapshotPage = z.infer<typeof SnapshotPageSchema>;

export const tenantKey = (tenant: string): string => `tenant/${tenant}`;
export const stampKey = (stamp: string): string => `stamp/${stamp}`;

/** Question on routers.<region>.explain; the answer is a RouteExplanation. */
export const ExplainRequestSchema = z.object({
  host: z.string(),
  path: z.string(),
  /** A JSON Web Token that the request would have, without "Bearer". */
  token: z.string().max(routeTokenCharsMax).optional(),
});
