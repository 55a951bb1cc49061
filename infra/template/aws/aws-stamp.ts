import { Provider, type ProviderArgs } from '@pulumi/aws/provider.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampInputs } from '../stamp-inputs.js';
import type { TargetOutputs } from '../target-outputs.js';
import { AwsCompute } from './compute.js';
import { AwsData } from './data.js';
import { AwsNetwork } from './network.js';
import { tagsOf } from './tags.js';

/** A stamp in AWS. It has a provider of its own, so one process can work on many regions and accounts at once. */
export class AwsStamp extends pulumi.ComponentResource {
  readonly outputs: TargetOutputs;

  constructor({ spec, region }: StampInputs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Stamp', spec.name, {}, options);
    const provider = new Provider(
      `${spec.name}-aws`,
      { region: region.awsRegion as ProviderArgs['region'], defaultTags: { tags: { ...tagsOf(spec) } } },
      { parent: this },
    );
    const child: pulumi.ComponentResourceOptions = { parent: this, providers: { aws: provider } };
    const network = new AwsNetwork({ spec, awsRegion: region.awsRegion }, child);
    const data = new AwsData({ spec, network }, child);
    const compute = new AwsCompute({ spec, awsRegion: region.awsRegion, network, data }, child);
    this.outputs = { frontDoor: compute.frontDoorUrl, agentTokenSha256: compute.agentTokenSha256 };
    this.registerOutputs(this.outputs);
  }
}
