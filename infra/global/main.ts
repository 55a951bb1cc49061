import * as pulumi from '@pulumi/pulumi';
import { globalProjectName, readGlobalInputs } from './global-inputs.js';
import { renderGlobal } from './global.js';

/** Program for the real `pulumi` CLI, one stack: `pulumi -C infra/global up --stack fleet` (docs/deploying-on-aws.md). */
export const { zoneId, nameServers, stateBucket, repositories, builderRoleArn } = renderGlobal(
  readGlobalInputs(new pulumi.Config(globalProjectName)),
);
