import { z } from 'zod';
import { RegionNameSchema } from './common.js';

/** GET /v1/route: what a router of that region would do now. Answered by a router, not guessed by the control plane. */
export const RouteQuerySchema = z.object({
  host: z.string().min(1).max(255),
  path: z.string().max(2048).default('/'),
  region: RegionNameSchema.optional().meta({ description: 'Ask a router of this region; by default of the region that answers' }),
});

/**
 * Of GET /v1/route: a JSON Web Token that the request in question would have, without "Bearer". In a header, since queries stand in logs; no process
 * keeps or writes it.
 */
export const routeTokenHeader = 'x-lapidary-route-token';
/** What a head of 16 kB leaves room for. */
export const routeTokenCharsMax = 8192;

export const RouteStepSchema = z.object({
  step: z.enum(['identify', 'locate', 'admit', 'limit', 'select', 'forward']),
  ok: z.boolean(),
  reason: z.string(),
});

export const RouteExplanationSchema = z
  .object({
    router: z.string().meta({ description: 'Id of the router that answered' }),
    region: RegionNameSchema,
    host: z.string(),
    action: z.enum(['forward', 'refuse']),
    status: z.number().int().nullable().meta({ description: 'HTTP status where it is refused' }),
    code: z.string().nullable().meta({ description: 'Error code where it is refused' }),
    tenant: z.string().nullable(),
    stamp: z.string().nullable(),
    epoch: z.number().int().nullable(),
    upstream: z.string().nullable().meta({ description: 'Front door it would forward to' }),
    steps: z.array(RouteStepSchema),
    directory: z.object({
      source: z.enum(['live', 'disk']),
      cursor: z.number().int(),
      entries: z.number().int(),
      ageMs: z.number().int().meta({ description: 'Since the control plane was last heard of the directory' }),
      lagMs: z.number().int().default(0).meta({
        description: 'How far behind the control plane the directory is known to be; 0 where a router of a version before does not say',
      }),
    }),
  })
  .meta({ id: 'RouteExplanation' });
export type RouteExplanation = z.infer<typeof RouteExplanationSchema>;
