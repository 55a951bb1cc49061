import * as pulumi from '@pulumi/pulumi';
import { Port } from './local-resources.js';

/** The stamp's two ports on the loopback interface: the front door, and the workload behind it. */
export class LocalNetwork extends pulumi.ComponentResource {
  readonly frontDoorPort: pulumi.Output<string>;
  readonly frontDoorUrl: pulumi.Output<string>;
  readonly workloadPort: pulumi.Output<string>;
  readonly workloadUrl: pulumi.Output<string>;

  constructor(stamp: string, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Network', `${stamp}-network`, {}, options);
    const frontDoor = new Port(`${stamp}-front-door`, { purpose: 'front door' }, { parent: this });
    const workload = new Port(`${stamp}-workload`, { purpose: 'workload' }, { parent: this });
    this.frontDoorPort = pulumi.interpolate`${frontDoor.port}`;
    this.frontDoorUrl = pulumi.interpolate`http://127.0.0.1:${frontDoor.port}`;
    this.workloadPort = pulumi.interpolate`${workload.port}`;
    this.workloadUrl = pulumi.interpolate`http://127.0.0.1:${workload.port}`;
    this.registerOutputs();
  }
}
