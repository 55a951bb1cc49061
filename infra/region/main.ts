import * as pulumi from '@pulumi/pulumi';
import { readRegionInputs, regionProjectName } from './region-inputs.js';
import { renderRegion } from './region.js';

/** Program for the real `pulumi` CLI, one stack per region: `pulumi -C infra/region up --stack eu` (docs/deploying-on-aws.md). */
export const { apiUrl, natsUrl, stampsDomain, transitGatewayId, templateVersion } = renderRegion(
  readRegionInputs(new pulumi.Config(regionProjectName)),
);
