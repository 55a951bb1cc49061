import { getParameterOutput } from '@pulumi/aws/ssm/getParameter.js';
import * as pulumi from '@pulumi/pulumi';
import { parameterName, type RegionParameter } from './region-parameters.js';

/** ARN of a parameter that the region's program writes. */
export const parameterArn = (
  awsRegion: string,
  accountId: pulumi.Input<string>,
  region: string,
  parameter: RegionParameter,
): pulumi.Output<string> => pulumi.interpolate`arn:aws:ssm:${awsRegion}:${accountId}:parameter${parameterName(region, parameter)}`;

/** Its value, for what has to be known while building. It is no secret: those go to containers by ECS, never through the program. */
export const parameterValue = (
  region: string,
  parameter: Exclude<RegionParameter, 'agentNatsPassword' | 'natsLeafUrl'>,
  parent: pulumi.Resource,
): pulumi.Output<string> => pulumi.unsecret(getParameterOutput({ name: parameterName(region, parameter) }, { parent }).value);
