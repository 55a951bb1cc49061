import { z } from 'zod';
import { StampNameSchema } from '@lapidary/contracts/api/common';
import * as field from './fields.js';

export const StampAgentConfigSchema = z.object({
  LAPIDARY_STAMP: StampNameSchema.meta({ description: 'Stamp this agent belongs to' }),
  LAPIDARY_REGION: field.region,
  LAPIDARY_AGENT_TOKEN: z.string().min(16).meta({ description: 'Secret by which the agent registers' }),
  LAPIDARY_HTTP_HOST: field.host,
  LAPIDARY_HTTP_PORT: field.port('the stamp’s front door'),
  LAPIDARY_WORKLOAD_URL: z.url().meta({ description: 'The workload behind the front door' }),
  LAPIDARY_NATS_URL: field.natsUrl,
  LAPIDARY_NATS_USER: field.natsUser,
  LAPIDARY_NATS_PASSWORD: field.natsPassword,
  LAPIDARY_HOLDINGS_FILE: z
    .string()
    .optional()
    .meta({ description: 'Last good copy of the tenants held, for restarts while the control plane is away' }),
  LAPIDARY_HOLD_ALONE_MS: z.coerce.number().int().min(5_000).optional().meta({
    description: 'How long to serve without a word from the control plane; without it: for as long as it is away (docs/adr/0004)',
  }),
  LAPIDARY_FRONT_DOOR_URL: z
    .url()
    .optional()
    .meta({ description: 'Where routers reach the front door; without it, the address it listens on' }),
  LAPIDARY_PUBLIC_HTTP_PORT: field.port('the public door, for clients that hold a routing claim').optional(),
  LAPIDARY_PUBLIC_HTTP_HOST: z.string().default('127.0.0.1').meta({ description: 'Address the public door listens on' }),
  LAPIDARY_ROUTE_KEYS: z.string().optional().meta({
    description:
      'Public keys of routing claims: a file, or a router’s http(s)://…/.well-known/lapidary/route-keys; required with LAPIDARY_PUBLIC_HTTP_PORT',
  }),
  LAPIDARY_PUBLIC_HOSTS_BELOW: z
    .string()
    .regex(/^[a-z0-9.-]+$/)
    .optional()
    .meta({
      description:
        'Base domain: the public door also takes requests without a claim for <tenant>.<base domain>, for stamp-aware DNS (docs/adr/0034)',
    }),
  LAPIDARY_LINK_KEY_FILE: field.linkKeyFile,
  LAPIDARY_LOG_LEVEL: field.logLevel,
});
export type StampAgentConfig = z.infer<typeof StampAgentConfigSchema>;
