import { Parameter } from '@pulumi/aws/ssm/parameter.js';
import type * as pulumi from '@pulumi/pulumi';
import { parameterName, regionParameters, type RegionParameter } from '../template/aws/region-parameters.js';
import { nameOf, tagged, type StackOwner } from '../template/aws/stack-owner.js';

const secretOnes: ReadonlySet<RegionParameter> = new Set(['agentNatsPassword', 'natsLeafUrl']);

/** Writes what stamps read (infra/template/aws/region-parameters.ts): each parameter of the list, so that none is forgotten. */
export const writeRegionParameters = (
  owner: StackOwner,
  values: Readonly<Record<RegionParameter, pulumi.Input<string>>>,
  secretsKeyArn: pulumi.Input<string>,
  parent: pulumi.Resource,
): void => {
  for (const parameter of Object.keys(regionParameters) as RegionParameter[]) {
    const secret = secretOnes.has(parameter);
    const what = regionParameters[parameter];
    new Parameter(
      nameOf(owner, what),
      {
        name: parameterName(owner.name, parameter),
        type: secret ? 'SecureString' : 'String',
        ...(secret ? { keyId: secretsKeyArn } : {}),
        value: values[parameter],
        tags: tagged(owner, what),
      },
      { parent },
    );
  }
};
