import { z } from 'zod';
import { jobKinds } from '@lapidary/contracts/api/jobs';
import { OwnRegionKeysSchema, PeerKeysSchema } from '@lapidary/contracts/signing-keys';
import { StateKeySchema } from '@lapidary/contracts/state-key';
import * as field from './fields.js';

const PeerSchema = z.strictObject({
  natsUrl: z.string(),
  natsUser: z.string().optional(),
  natsPassword: z.string().optional(),
  /** The most that people of that region may do in this one, whatever that region says of them. */
  roleMax: z.enum(['viewer', 'operator', 'admin']).default('admin'),
});

export const ControlPlaneConfigSchema = z.object({
  LAPIDARY_REGION: field.region,
  LAPIDARY_HTTP_HOST: field.host,
  LAPIDARY_HTTP_PORT: field.port('the HTTP API and the console').default(8080),
  LAPIDARY_TRUSTED_PROXIES: field
    .list(
      'Networks of proxies and load balancers whose X-Forwarded-For is believed: 10.0.0.0/8,2001:db8::/32. Wrong credentials are limited by the client’s address; without it, by that of the connection',
    )
    .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))),
  LAPIDARY_API_URL: z.url().optional().meta({
    description:
      'Where workloads of stamps reach this API, for collections; without it, the address it listens on, where that is one. Else stamps get no token',
  }),
  LAPIDARY_DATABASE_URL: z
    .string()
    .startsWith('postgres')
    .meta({ description: 'This region’s Postgres database, as the control plane’s own role' }),
  LAPIDARY_DATABASE_POOL: z.coerce
    .number()
    .int()
    .min(2)
    .max(200)
    .default(16)
    .meta({ description: 'Connections for the API; jobs and replication have their own (P-BH1)' }),
  LAPIDARY_NATS_URL: field.natsUrl,
  LAPIDARY_NATS_USER: field.natsUser,
  LAPIDARY_NATS_PASSWORD: field.natsPassword,
  LAPIDARY_PEERS: field.jsonText(z.record(z.string(), PeerSchema)).default({}).meta({
    description:
      'The other regions’ NATS servers, JSON: {"us":{"natsUrl":"nats://…","natsUser":"…","natsPassword":"…"}}; "roleMax" (viewer, operator or admin): the most that its people may do here',
  }),
  LAPIDARY_SIGNING_KEYS_FILE: field
    .watchedJsonFile(
      OwnRegionKeysSchema,
      'this region’s Ed25519 keys, as a JSON Web Key Set; the first signs what it tells, asks and answers the others. Read again when it changes (docs/runbooks/change_region_keys.md). Without it nothing is signed (docs/adr/0115)',
    )
    .optional(),
  LAPIDARY_PEER_KEYS_FILE: field
    .watchedJsonFile(
      PeerKeysSchema,
      'the public keys of the regions, JSON: a key set by region, the same file for all; what a region that is in it has not signed is refused. Read again when it changes',
    )
    .optional(),
  LAPIDARY_ADMIN_TOKEN_FILE: field.secretFile('the first administrator’s token').optional(),
  LAPIDARY_BASE_DOMAIN: field.baseDomain,
  LAPIDARY_STAMPS_DIR: z.string().default('stamps').meta({ description: 'Directory of regions.yaml, defaults.yaml and the stamp specs' }),
  LAPIDARY_CONSOLE_DIR: z.string().default('apps/console/dist').meta({ description: 'Built console; without it only the API is served' }),
  LAPIDARY_ROOT_DIR: z.string().default('.').meta({ description: 'Root of the installation, where apps/<name>/dist is found' }),
  LAPIDARY_ENGINE: z
    .enum(['embedded', 'pulumi'])
    .default('embedded')
    .meta({ description: 'Provisioning engine: embedded, or the pulumi CLI on PATH' }),
  LAPIDARY_ENGINE_STATE_DIR: z.string().default('.lapidary/engine').meta({ description: 'State of the embedded engine' }),
  LAPIDARY_ENGINE_PASSPHRASE_FILE: z
    .string()
    .default('.lapidary/engine.passphrase')
    .meta({ description: 'File with the passphrase that encrypts secrets in that state' }),
  LAPIDARY_ENGINE_STATE_KEY: StateKeySchema.default('passphrase').meta({
    description:
      'What encrypts them from now on: passphrase, or a KMS key: awskms://alias/<name>?region=<AWS region>; what was encrypted before is opened with what it was encrypted with',
  }),
  LAPIDARY_ENGINE_PLUGIN_DIR: z
    .string()
    .default('~/.pulumi/plugins')
    .meta({ description: 'Plugins of the pulumi CLI, shared by all its runs; in the image for AWS they are there already' }),
  LAPIDARY_SNAPSHOT_DIR: z
    .string()
    .default('.lapidary/snapshots')
    .meta({ description: 'Local driver: where the final snapshots of retired stamps are kept' }),
  LAPIDARY_LOCAL_PROCESS_DIR: z.string().optional().meta({ description: 'Local driver: directory that the local supervisor watches' }),
  LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: z
    .string()
    .optional()
    .meta({ description: 'Local driver: superuser URL for creating stamps’ databases' }),
  LAPIDARY_LOCAL_AGENT_NATS_USER: z.string().optional().meta({ description: 'Local driver: NATS user for stamp agents' }),
  LAPIDARY_LOCAL_AGENT_NATS_PASSWORD: z.string().optional().meta({ description: 'Local driver: NATS password for stamp agents' }),
  LAPIDARY_JOB_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(2)
    .meta({ description: 'Jobs of each kind at once; a provisioning job is a child process of some 150 MB' }),
  LAPIDARY_JOB_CONCURRENCY_BY_KIND: field
    .jsonText(z.partialRecord(z.enum(jobKinds), z.number().int().min(1).max(16)))
    .default({})
    .meta({ description: 'The same for single kinds, JSON: {"provision":4}' }),
  LAPIDARY_HEARTBEAT_MS: z.coerce.number().int().min(100).max(60_000).default(1000).meta({ description: 'Interval of stamp heartbeats' }),
  LAPIDARY_RESYNC_MS: z.coerce
    .number()
    .int()
    .min(1000)
    .max(600_000)
    .default(15_000)
    .meta({ description: 'Interval of full comparisons (agents, routers)' }),
  LAPIDARY_DRIFT_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(1000)
    .max(86_400_000)
    .default(300_000)
    .meta({ description: 'From the start of one look for drift to the start of the next' }),
  LAPIDARY_DRIFT_OWNER: z
    .string()
    .min(1)
    .max(100)
    .default('platform')
    .meta({ description: 'Who owns drift of stamps without a label "owner"' }),
  LAPIDARY_SCRUB_ROWS_PER_SECOND: z.coerce.number().int().min(1).max(100_000).default(500).meta({
    description:
      'How many stored documents are looked through for corruption, at most; some 50 µs of the database and of this process each',
  }),
  LAPIDARY_TOMBSTONE_DAYS: z.coerce.number().int().min(7).max(3_650).default(30).meta({
    description:
      'How long deletes of documents are kept. Older ones are purged once every region knows them; a region that is restored from an older backup must be filled anew',
  }),
  LAPIDARY_HISTORY_DAYS: z.coerce.number().int().min(1).max(3_650).default(30).meta({
    description: 'How long it is kept who changed which document; a watcher that was away for longer begins anew',
  }),
  LAPIDARY_LEDGER_DAYS: z.coerce.number().int().min(7).max(3_650).default(365).meta({
    description:
      'How long it is kept what lost in a document where two regions wrote the same, and what became of dead letters that are settled. `stampctl conflicts export` writes the ledger out before',
  }),
  LAPIDARY_IDEMPOTENCY_DAYS: z.coerce.number().int().min(1).max(365).default(30).meta({
    description: 'How long the answer under an Idempotency-Key is kept; a repeat that comes later is a new request',
  }),
  LAPIDARY_DRIFT_REPAIR: z.enum(['off', 'suggest', 'act']).default('suggest').meta({
    description: 'Documents that differ from a peer’s: "suggest" merges them when somebody asks, "act" after each look, "off" never',
  }),
  LAPIDARY_ROLLOUT_TICK_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(60_000)
    .default(1_000)
    .meta({ description: 'How often a roll-out under way is looked at' }),
  LAPIDARY_LOG_LEVEL: field.logLevel,
});
export type ControlPlaneConfig = z.infer<typeof ControlPlaneConfigSchema>;

/** The other regions. Every region may be given one and the same LAPIDARY_PEERS, so it may name the region itself. */
export const peersOf = ({ LAPIDARY_REGION, LAPIDARY_PEERS }: Pick<ControlPlaneConfig, 'LAPIDARY_REGION' | 'LAPIDARY_PEERS'>): string[] =>
  Object.keys(LAPIDARY_PEERS).filter((peer) => peer !== LAPIDARY_REGION);
