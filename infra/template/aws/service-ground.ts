import type * as pulumi from '@pulumi/pulumi';
import type { StackOwner, StackPlace } from './stack-owner.js';

/** What the services of one cluster have in common. */
export interface ServiceGround {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly clusterArn: pulumi.Input<string>;
  readonly clusterName: pulumi.Input<string>;
  /** Service Connect: how services of the cluster find each other. */
  readonly namespaceArn: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly logsKeyArn: pulumi.Input<string>;
  readonly secretsKeyArn: pulumi.Input<string>;
}
