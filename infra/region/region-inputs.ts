import { z } from 'zod';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { RegionFactsSchema, profiles } from '@lapidary/contracts/stamp-spec';
import type * as pulumi from '@pulumi/pulumi';

/** Project of the regions' stacks; the stack has the region's name. Equal to the name in infra/region/Pulumi.yaml. */
export const regionProjectName = 'lapidary-region';

const domain = z.string().regex(/^[a-z0-9.-]+$/);

/** What is known of one region's control plane. */
export const RegionSpecSchema = z.strictObject({
  name: RegionNameSchema,
  facts: RegionFactsSchema,
  profile: z.enum(profiles).meta({ description: 'Size of database, NATS and services (infra/region/region-sizes.ts)' }),
  version: z.string().meta({ description: 'Tag of the image that control plane and routers run' }),
  domain: domain.meta({ description: 'The fleet’s domain: a tenant’s host is <tenant>.<domain>' }),
  fleetZoneId: z.string().meta({ description: 'Hosted zone of that domain, from the global program' }),
  peers: z
    .array(RegionNameSchema)
    .default([])
    .meta({ description: 'The other regions: each gets a NATS user here, with permissions in its own name' }),
  directoryKeyChanges: z.boolean().default(false).meta({
    description:
      'While the key of the routers’ copies changes: routers are given the one before, too (docs/runbooks/change_the_directory_key.md)',
  }),
  pagers: z
    .array(z.strictObject({ protocol: z.enum(['email', 'https', 'sms']), endpoint: z.string() }))
    .default([])
    .meta({ description: 'Who is woken' }),
});
export type RegionSpec = z.infer<typeof RegionSpecSchema>;

export interface RegionInputs {
  readonly spec: RegionSpec;
  readonly unprotected?: boolean;
  /** JSON as LAPIDARY_PEERS takes it, with the passwords of the other regions’ NATS. */
  readonly peers: pulumi.Output<string>;
  /** JSON as LAPIDARY_SIGNING_KEYS_FILE and LAPIDARY_PEER_KEYS_FILE take it. Without, the region signs nothing and believes the others by their passwords. */
  readonly regionKeys?: { readonly own: pulumi.Output<string>; readonly peers: pulumi.Output<string> };
}

export const readRegionInputs = (config: pulumi.Config): RegionInputs => {
  const [own, peers] = [config.getSecret('signingKeys'), config.getSecret('peerKeys')];
  if (!own !== !peers) throw new Error('signingKeys and peerKeys are given together, or neither');
  return {
    spec: RegionSpecSchema.parse(config.requireObject('spec')),
    unprotected: config.getBoolean('unprotected') ?? false,
    peers: config.requireSecret('peers'),
    regionKeys: own && peers ? { own, peers } : undefined,
  };
};
