import * as pulumi from '@pulumi/pulumi';
import type { StampOutputs } from '@lapidary/contracts/provisioner-protocol';
import { GraphRecorder } from './graph-recorder.js';
import type { StampInputs } from './stamp-inputs.js';
import type { TargetOutputs } from './target-outputs.js';
import { templateVersion } from './template-version.js';

/** The stamp contract, before the values are known. */
export type StampProgramOutputs = {
  readonly [Key in keyof StampOutputs]: StampOutputs[Key] extends readonly (infer Item)[]
    ? readonly pulumi.Input<Item>[]
    : pulumi.Input<StampOutputs[Key]>;
};

/**
 * The one template (P-ST4): from spec and facts to a tree of resources, a tree of the same parts for every
 * target. Reads nothing but its arguments, so equal arguments render equal graphs.
 */
export const renderStamp = async (inputs: StampInputs): Promise<StampProgramOutputs> => {
  const recorder = new GraphRecorder();
  const options: pulumi.ComponentResourceOptions = { transformations: [recorder.transformation] };
  const target = await renderTarget(inputs, options);
  return {
    frontDoors: [target.outputs.frontDoor],
    agentTokenSha256: target.outputs.agentTokenSha256,
    templateVersion,
    graphDigest: recorder.digest(),
    links: pulumi.all(target.outputs.links),
  };
};

/** Each target's code is loaded only when it is wanted: @pulumi/aws costs half a second and 20 MB. */
const renderTarget = async (
  inputs: StampInputs,
  options: pulumi.ComponentResourceOptions,
): Promise<{ readonly outputs: TargetOutputs }> => {
  switch (inputs.spec.driver) {
    case 'aws':
      return new (await import('./aws/aws-stamp.js')).AwsStamp(inputs, options);
    case 'local':
      return new (await import('./local/local-stamp.js')).LocalStamp(inputs, options);
  }
};
