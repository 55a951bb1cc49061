import { z } from 'zod';
import * as field from './fields.js';

export const RouterConfigSchema = z.object({
  LAPIDARY_REGION: field.region,
  LAPIDARY_ROUTER_ID: z.string().min(1).max(63).default('router').meta({ description: 'Name of this router in answers and metrics' }),
  LAPIDARY_HTTP_HOST: field.host,
  LAPIDARY_HTTP_PORT: field.port('tenants’ traffic').default(8000),
  LAPIDARY_ADMIN_HOST: field.host,
  LAPIDARY_ADMIN_PORT: field.port('health, readiness, metrics and look-ups').default(8001),
  LAPIDARY_NATS_URL: field.natsUrl,
  LAPIDARY_NATS_USER: field.natsUser,
  LAPIDARY_NATS_PASSWORD: field.natsPassword,
  LAPIDARY_BASE_DOMAIN: field.baseDomain,
  LAPIDARY_PUBLIC_DOOR: z.url().optional().meta({
    description:
      'Where clients reach a stamp without a router, `{stamp}` and `{region}` filled in: https://{stamp}.doors.example.net. Without it, they don’t (docs/adr/0012)',
  }),
  LAPIDARY_DNS_PORT: field.port('the name server (UDP and TCP)').optional(),
  LAPIDARY_DNS_HOST: z.string().default('127.0.0.1').meta({ description: 'Address the name server listens on' }),
  LAPIDARY_DNS_ADDRESSES: field.list('Addresses at which clients reach the routers; required with LAPIDARY_DNS_PORT'),
  LAPIDARY_DNS_NAME_SERVERS: field.list('Names of the name servers; by default a.ns.<base domain>, at LAPIDARY_DNS_ADDRESSES'),
  LAPIDARY_DNS_TTL_MAX_SECONDS: z.coerce
    .number()
    .int()
    .min(5)
    .max(3600)
    .default(60)
    .meta({ description: 'Longest time for which resolvers may keep where a tenant is' }),
  LAPIDARY_ROUTER_JURISDICTION: z.string().default('').meta({
    description: 'Jurisdiction this router is in; tenants that are strict about their residency are served only inside of it',
  }),
  LAPIDARY_STRICT_REDIRECTS: field
    .list(
      'Where a router outside sends strict tenants’ clients: jurisdiction=https://{tenant}.eu.example.net, by comma; without one it closes',
    )
    .refine((items) => items.every((item) => /^[a-z][a-z0-9-]*=https?:\/\/[^=]+$/.test(item)), 'region or jurisdiction=https://…'),
  LAPIDARY_ACCESS_LOG_SAMPLE: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta({ description: 'Part of the requests that went well that are logged, 0 to 1; with anything above 0 failures are, all' }),
  LAPIDARY_ACCESS_LOG_FILE: z.string().optional().meta({ description: 'Where requests are logged; by default the standard output' }),
  LAPIDARY_OTLP_ENDPOINT: z.url().optional().meta({
    description: 'OpenTelemetry collector that spans are sent to (OTLP over HTTP): http://127.0.0.1:4318. Without it none are made',
  }),
  LAPIDARY_TRACE_SAMPLE: z.coerce.number().min(0).max(1).default(0.01).meta({
    description: 'Part of the traces begun here that are recorded, 0 to 1; those that clients began say so themselves',
  }),
  LAPIDARY_ROUTER_ENGINE: z.enum(['fast', 'general']).default('fast').meta({
    description: 'fast: plain HTTP/1.1 on the engine of its own, the rest on node:http; general: everything on node:http',
  }),
  LAPIDARY_ROUTER_SOCKETS: z.enum(['auto', 'public']).default('auto').meta({
    description:
      'Of the fast engine. auto: handles of libuv, once each thread has seen them work, until one surprises; public: Node’s documented sockets only',
  }),
  LAPIDARY_CLAIM_KEYS_FILE: z.string().optional().meta({
    description:
      'Ed25519 keys of routing claims, as a JSON Web Key Set; the first signs. Read again when it changes. Without it no claims are given',
  }),
  LAPIDARY_CLAIM_LIFETIME_MS: z.coerce
    .number()
    .int()
    .min(5_000)
    .max(600_000)
    .default(60_000)
    .meta({ description: 'For how long a routing claim is good' }),
  LAPIDARY_DIRECTORY_FILE: z.string().default('.lapidary/directory.copy').meta({ description: 'Last good copy of the directory' }),
  LAPIDARY_DIRECTORY_KEY_FILE: field
    .secretFile('the key that the copy of the directory is signed with; without one, a change of the file by others is not noticed')
    .optional(),
  LAPIDARY_DIRECTORY_PREVIOUS_KEY_FILE: field
    .secretFile('the key that the copy was signed with until now: while keys change, a router that starts alone reads its copy by it')
    .optional(),
  LAPIDARY_DIRECTORY_AGE_MAX_MS: z.coerce.number().int().min(0).default(0).meta({
    description: 'Not ready while the control plane was last heard of the directory longer ago than this; it still serves. 0: no bound',
  }),
  LAPIDARY_DIRECTORY_LAG_MAX_MS: z.coerce.number().int().min(0).default(0).meta({
    description: 'Not ready while the directory is known to be further behind the control plane than this; it still serves. 0: no bound',
  }),
  LAPIDARY_ROUTER_LINKS: z
    .enum(['on', 'off'])
    .default('on')
    .meta({ description: 'Stamp links to front doors that speak them; off: plain HTTP/1.1 to all' }),
  LAPIDARY_LINK_KEY_FILE: field.linkKeyFile,
  LAPIDARY_TLS_DIR: z.string().optional().meta({
    description:
      'Folder of certificates, <name>.crt beside <name>.key in PEM; with it the router also speaks TLS, with HTTP/1.1 and HTTP/2',
  }),
  LAPIDARY_TLS_PORT: field.port('tenants’ traffic over TLS').default(8443),
  LAPIDARY_TRUSTED_PROXIES: field.list(
    'Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: 10.0.0.0/8,2001:db8::/32',
  ),
  LAPIDARY_PROXY_PROTOCOL: field
    .list('Ports on which load balancers say by the PROXY protocol (version 1 or 2) who the client is: http, https, or both')
    .pipe(z.array(z.enum(['http', 'https']))),
  LAPIDARY_PROXY_SENDERS: field.list('Networks of those load balancers; nobody else may connect to these ports'),
  LAPIDARY_IDENTIFY_FILE: z.string().optional().meta({
    description:
      'JSON document: where to look for the tenant (host, header, path, token), by host and path, and how tokens are checked (docs/flows/request.md). Read again when it changes',
  }),
  LAPIDARY_ROUTER_WORKERS: z.coerce.number().int().min(0).max(64).default(0).meta({
    description:
      'Threads that take requests, kept by a process of their own that replaces the router’s without a gap at SIGHUP; 0: one process and one thread, and no such process',
  }),
  LAPIDARY_FREEZE_WAIT_MS: z.coerce.number().int().min(0).max(20_000).default(2_000).meta({
    description:
      'How long a request may wait while its tenant’s move switches stamps; then, or with 0 at once, it is 503 with Retry-After. A switch takes a second or so, and clients wait for longer',
  }),
  LAPIDARY_WORKER_SILENT_MS: z.coerce.number().int().min(0).max(600_000).default(5_000).meta({
    description:
      'A worker whose loop has not turned for so long hangs: it is ended and another takes its place; its connections break. Longer than any pause of a healthy one; 0: never',
  }),
  LAPIDARY_STOP_DELAY_MS: z.coerce.number().int().min(0).max(120_000).default(0).meta({
    description:
      'For how long a router that stops says that it is not ready and still takes new connections: what load balancers need to see it',
  }),
  LAPIDARY_CONFIG_FILE: z.string().optional().meta({
    description: 'File of further settings, NAME=value by line, read at each start and at SIGHUP; what the environment sets wins',
  }),
  LAPIDARY_LOG_LEVEL: field.logLevel,
});
export type RouterConfig = z.infer<typeof RouterConfigSchema>;
