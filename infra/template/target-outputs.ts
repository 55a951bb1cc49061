import type * as pulumi from '@pulumi/pulumi';

/** What every target's tree gives back. */
export interface TargetOutputs {
  readonly frontDoor: pulumi.Output<string>;
  readonly agentTokenSha256: pulumi.Output<string>;
  /** Where a person finds the stamp's parts: name of the part → address, ARN or path. Never a secret. */
  readonly links: Readonly<Record<string, pulumi.Input<string>>>;
}
