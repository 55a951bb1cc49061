import * as pulumi from '@pulumi/pulumi';
import type { StampInputs } from '../stamp-inputs.js';
import type { TargetOutputs } from '../target-outputs.js';
import { LocalCompute } from './compute.js';
import { LocalData } from './data.js';
import { LocalNetwork } from './network.js';

/** A stamp on this machine: real database, real processes, real ports. */
export class LocalStamp extends pulumi.ComponentResource {
  readonly outputs: TargetOutputs;

  constructor(inputs: StampInputs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Stamp', inputs.spec.name, {}, options);
    const { spec, local, natsPassword } = inputs;
    if (local === undefined || natsPassword === undefined) throw new Error('the local target needs the facts of this machine');
    const network = new LocalNetwork(spec.name, { parent: this });
    const data = new LocalData({ spec, local }, { parent: this });
    const compute = new LocalCompute({ spec, local, natsPassword, network, data }, { parent: this });
    const links = { workload: network.workloadUrl, database: data.name };
    this.outputs = { frontDoor: network.frontDoorUrl, agentTokenSha256: compute.agentTokenSha256, links };
    this.registerOutputs(this.outputs);
  }
}
