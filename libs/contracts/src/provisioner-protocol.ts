import { z } from 'zod';
import { RegionFactsSchema, StampSpecSchema } from './stamp-spec.js';
import { StateKeySchema } from './state-key.js';

/**
 * preview: what `up` would do. up: bring the world to the spec. refresh: adopt into the state what really exists. destroy:
 * take everything away. drift: what `refresh` would find. preview and drift write nothing.
 */
export const provisionOperations = ['preview', 'up', 'refresh', 'destroy', 'drift'] as const;
export type ProvisionOperation = (typeof provisionOperations)[number];

/** Semver, and nothing that could be more than one folder's name. */
export const TemplateVersionSchema = z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'a semantic version');

/**
 * Between the control plane and the provisioning child (infra/engine/provisioner-main): messages over the fork's IPC
 * channel. One operation per child. The child ends by itself when the channel closes, after saving what it did.
 */
export const ProvisionRunSchema = z.object({
  operation: z.enum(provisionOperations),
  spec: StampSpecSchema,
  regionFacts: RegionFactsSchema,
  /** Which version of the template is rendered; left out, the one that is installed as the newest. */
  templateVersion: TemplateVersionSchema.optional(),
  /** "embedded" needs nothing; "pulumi" uses the real CLI on PATH. */
  engine: z.enum(['embedded', 'pulumi']),
  /** Directory of the engine's state; one file per stack for the embedded engine. */
  stateDir: z.string(),
  /** File with the passphrase that encrypts secrets in state. Never the passphrase itself. */
  passphraseFile: z.string(),
  /** What seals secrets in state that is written: "passphrase" or a KMS key's URL (state-key.ts). */
  stateKey: StateKeySchema.default('passphrase'),
  /** What only the local target needs. Secrets travel over IPC only. */
  local: z
    .object({
      /** Superuser URL of the region's Postgres, for creating the stamp's own database and role. */
      postgresAdminUrl: z.string(),
      natsUrl: z.string(),
      natsUser: z.string(),
      natsPassword: z.string(),
      /** Directory that the local supervisor watches for process specs (see process-spec.ts). */
      processDir: z.string(),
      /** Root of the checkout or the installation: where apps/<name>/dist is found. */
      rootDir: z.string(),
    })
    .nullable(),
  /** Where the pulumi program keeps its plugins, shared by all runs; the embedded engine has none. */
  pluginDir: z.string().optional(),
  /**
   * The stack's lease in the control plane's database: until when it is good, by the machine's clock
   * (libs/kernel/src/machine-clock.ts: parent and child share it), renewed by `lease` commands, and the
   * token that fences off whoever held it before. null where one process alone works with the state.
   */
  lease: z
    .object({ token: z.number().int().min(1), untilMs: z.number().int() })
    .nullable()
    .default(null),
  /** Names of stateful resources that may be replaced or deleted by this run; any other stops it before it changes anything. */
  approveReplace: z.array(z.string()).default([]),
  /** destroy only: lifts the protection of what holds data. Set after a person has confirmed the stamp's name. */
  unprotect: z.boolean().default(false),
});
/** As its sender writes it: what has a default may be left out. */
export type ProvisionRun = z.input<typeof ProvisionRunSchema>;
/** As the child reads it. */
export type ParsedProvisionRun = z.output<typeof ProvisionRunSchema>;

/** `host:port` of the region's Postgres, as the template names it. */
export const postgresServerOf = (adminUrl: string): string => {
  const { hostname, port } = new URL(adminUrl);
  return `${hostname}:${port || '5432'}`;
};

/** The stamp contract: what the template promises to the control plane, whatever the target. */
export const StampOutputsSchema = z.object({
  frontDoors: z.array(z.url()).min(1),
  /** sha256 (hex) of the agent's token; the token itself never leaves the stamp. */
  agentTokenSha256: z.string().length(64),
  templateVersion: z.string(),
  /** Digest of the rendered resource graph. */
  graphDigest: z.string(),
  /** Where a person finds the stamp's parts: part → address, ARN or path. Never a secret. */
  links: z.record(z.string(), z.string()).optional(),
});
export type StampOutputs = z.infer<typeof StampOutputsSchema>;

export const resourceOps = ['create', 'update', 'replace', 'delete', 'same', 'read'] as const;

export const plannedOps = ['create', 'update', 'replace', 'delete'] as const;

/** One property that differs. Values of secrets are masked; `unknown`: what it will be is known only at apply. */
export const PropertyDiffSchema = z.object({
  /** Dotted: `env.NODE_OPTIONS`, `ingress.0.fromPort`. */
  path: z.string(),
  kind: z.enum(['add', 'delete', 'update']),
  before: z.unknown(),
  after: z.unknown(),
  unknown: z.boolean(),
  forcesReplace: z.boolean(),
});
export type PropertyDiff = z.infer<typeof PropertyDiffSchema>;

export const PlannedChangeSchema = z.object({
  op: z.enum(plannedOps),
  resourceType: z.string(),
  name: z.string(),
  /** Holds data: its replace or delete needs an approval by name. */
  stateful: z.boolean(),
  protected: z.boolean(),
  /** Of a create every input, of an update or replace what differs, of a delete nothing. */
  diffs: z.array(PropertyDiffSchema),
});
export type PlannedChange = z.infer<typeof PlannedChangeSchema>;

/** What of a plan loses data and is not approved by name. */
export const needsApproval = (plan: readonly PlannedChange[], approved: readonly string[]): readonly PlannedChange[] =>
  plan.filter(({ op, stateful, name }) => stateful && (op === 'replace' || op === 'delete') && !approved.includes(name));

/** What the world holds and the state does not say. A resource that is gone has the path '' and observed null. */
export const DriftedResourceSchema = z.object({
  resourceType: z.string(),
  name: z.string(),
  path: z.string(),
  expected: z.unknown(),
  observed: z.unknown(),
});
export type DriftedResource = z.infer<typeof DriftedResourceSchema>;

export const PolicyFindingSchema = z.object({
  rule: z.string(),
  level: z.enum(['mandatory', 'advisory']),
  /** Name of the resource, or of the stamp where the rule is about all of them. */
  resource: z.string(),
  message: z.string(),
});
export type PolicyFinding = z.infer<typeof PolicyFindingSchema>;

/** An estimate from a dated price table, in US dollars per month of 730 hours. */
export const MonthlyCostSchema = z.object({
  usd: z.number(),
  asOf: z.iso.date(),
  lines: z.array(z.object({ what: z.string(), usd: z.number() })),
});
export type MonthlyCost = z.infer<typeof MonthlyCostSchema>;

export const ProvisionerMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('resource'),
    op: z.enum(resourceOps),
    resourceType: z.string(),
    name: z.string(),
    status: z.enum(['started', 'done', 'failed']),
    /** Changed property paths, for updates and replaces. */
    changed: z.array(z.string()),
  }),
  z.object({ type: z.literal('log'), level: z.enum(['info', 'warning', 'error']), message: z.string() }),
  z.object({
    type: z.literal('result'),
    changes: z.record(z.string(), z.number().int()),
    /** null for previews, drift and destroys */
    outputs: StampOutputsSchema.nullable(),
    /** What is changed, or would be; everything that isn't `same`, in the order of the work. */
    plan: z.array(PlannedChangeSchema).default([]),
    /** Of refresh and drift. */
    drifted: z.array(DriftedResourceSchema).default([]),
    /** What the policies say of the resources as rendered; a mandatory finding ends in a failure unless this is a preview. */
    policy: z.array(PolicyFindingSchema).default([]),
    /** Of the stamp as rendered; null where no price table covers the driver. */
    monthlyCost: MonthlyCostSchema.nullable().default(null),
    /** Says "simulated cloud" where the aws target ran on the embedded engine. */
    engine: z.string(),
  }),
  z.object({
    type: z.literal('failure'),
    code: z.string(),
    message: z.string(),
    retry: z.boolean(),
    /** `names` of what needs an approval, `findings` of policies. */
    details: z.record(z.string(), z.unknown()).default({}),
  }),
]);
export type ProvisionerMessage = z.infer<typeof ProvisionerMessageSchema>;

export const ProvisionerCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), run: ProvisionRunSchema }),
  /** The lease is good for so long from now. */
  z.object({ type: z.literal('lease'), untilMs: z.number().int() }),
  /** Stop after the resource that is being worked on. */
  z.object({ type: z.literal('cancel') }),
]);
export type ProvisionerCommand = z.input<typeof ProvisionerCommandSchema>;
