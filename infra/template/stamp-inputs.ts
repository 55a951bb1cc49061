import { z } from 'zod';
import { RegionFactsSchema, StampSpecSchema, type RegionFacts, type StampSpec } from '@lapidary/contracts/stamp-spec';
import type * as pulumi from '@pulumi/pulumi';

/** What only the local target needs, without its secrets. */
export const LocalFactsSchema = z.object({
  /** `host:port` of the region's Postgres. */
  postgresServer: z.string(),
  natsUrl: z.string(),
  natsUser: z.string(),
  processDir: z.string(),
});
export type LocalFacts = z.infer<typeof LocalFactsSchema>;

export interface StampInputs {
  readonly spec: StampSpec;
  readonly region: RegionFacts;
  readonly local: LocalFacts | undefined;
  /** The stamp is about to be taken down: what holds data may be deleted. */
  readonly unprotected?: boolean;
  /** Of the stamps' agents, for the region's NATS; local target only. */
  readonly natsPassword: pulumi.Output<string> | undefined;
}

/** Keys of the stack's config, in the project's name space. Values are JSON but for the password. */
export const configKeys = {
  spec: 'spec',
  region: 'region',
  local: 'local',
  natsPassword: 'natsPassword',
  unprotected: 'unprotected',
} as const;

/** The same for the forked child and for the real CLI: everything the program needs stands in the stack's config. */
export const readStampInputs = (config: pulumi.Config): StampInputs => ({
  spec: StampSpecSchema.parse(config.requireObject(configKeys.spec)),
  region: RegionFactsSchema.parse(config.requireObject(configKeys.region)),
  local: LocalFactsSchema.optional().parse(config.getObject(configKeys.local)),
  natsPassword: config.getSecret(configKeys.natsPassword),
  unprotected: config.getBoolean(configKeys.unprotected) ?? false,
});
