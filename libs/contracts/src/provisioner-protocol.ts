import { z } from 'zod';
import { StampSpecSchema } from './stamp-spec.js';

/**
 * Between the control plane and the provisioning child (infra/engine/provisioner-main): messages over the fork's IPC
 * channel. One operation per child. The child ends by itself when the channel closes, after saving what it did.
 */
export const ProvisionRunSchema = z.object({
  operation: z.enum(['preview', 'up', 'refresh', 'destroy']),
  spec: StampSpecSchema,
  regionFacts: z.object({ jurisdiction: z.string(), awsRegion: z.string() }),
  /** "embedded" needs nothing; "pulumi" uses the real CLI on PATH. */
  engine: z.enum(['embedded', 'pulumi']),
  /** Directory of the engine's state; one file per stack for the embedded engine. */
  stateDir: z.string(),
  /** File with the passphrase that encrypts secrets in state. Never the passphrase itself. */
  passphraseFile: z.string(),
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
});
export type ProvisionRun = z.infer<typeof ProvisionRunSchema>;

/** The stamp contract: what the template promises to the control plane, whatever the target. */
export const StampOutputsSchema = z.object({
  frontDoors: z.array(z.url()).min(1),
  /** sha256 (hex) of the agent's token; the token itself never leaves the stamp. */
  agentTokenSha256: z.string().length(64),
  templateVersion: z.string(),
  /** Digest of the rendered resource graph. */
  graphDigest: z.string(),
});
export type StampOutputs = z.infer<typeof StampOutputsSchema>;

export const resourceOps = ['create', 'update', 'replace', 'delete', 'same', 'read'] as const;

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
    /** null for previews and destroys */
    outputs: StampOutputsSchema.nullable(),
    /** Says "simulated cloud" where the aws target ran on the embedded engine. */
    engine: z.string(),
  }),
  z.object({ type: z.literal('failure'), code: z.string(), message: z.string(), retry: z.boolean() }),
]);
export type ProvisionerMessage = z.infer<typeof ProvisionerMessageSchema>;

export const ProvisionerCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), run: ProvisionRunSchema }),
  /** Stop after the resource that is being worked on. */
  z.object({ type: z.literal('cancel') }),
]);
export type ProvisionerCommand = z.infer<typeof ProvisionerCommandSchema>;
