import type * as pulumi from '@pulumi/pulumi';

/** What every target's tree gives back. */
export interface TargetOutputs {
  readonly frontDoor: pulumi.Output<string>;
  readonly agentTokenSha256: pulumi.Output<string>;
}
