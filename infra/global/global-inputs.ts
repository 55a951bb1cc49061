import { z } from 'zod';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { RegionFactsSchema } from '@lapidary/contracts/stamp-spec';
import type * as pulumi from '@pulumi/pulumi';

/** Project of the one global stack. Equal to the name in infra/global/Pulumi.yaml. */
export const globalProjectName = 'lapidary-global';

export const GlobalSpecSchema = z.strictObject({
  domain: z
    .string()
    .regex(/^[a-z0-9.-]+$/)
    .meta({ description: 'The fleet’s domain; its registrar is told the name servers that come out' }),
  home: RegionFactsSchema.meta({ description: 'Where the fleet’s own resources lie' }),
  regions: z
    .record(
      RegionNameSchema,
      z.strictObject({
        awsRegion: z.string(),
        transitGatewayId: z.string().optional().meta({ description: 'From the region’s program; regions that have one are joined' }),
      }),
    )
    .meta({ description: 'Every region of the fleet' }),
});
export type GlobalSpec = z.infer<typeof GlobalSpecSchema>;

export interface GlobalInputs {
  readonly spec: GlobalSpec;
  readonly unprotected?: boolean;
}

export const readGlobalInputs = (config: pulumi.Config): GlobalInputs => ({
  spec: GlobalSpecSchema.parse(config.requireObject('spec')),
  unprotected: config.getBoolean('unprotected') ?? false,
});
