import * as pulumi from '@pulumi/pulumi';
import type { AwsProfile } from '../profiles.js';
import type { AwsFiles } from './files.js';
import { GeneratedSecret } from './generated-secret.js';
import { ports } from './security-group.js';
import { natsNames, natsServers } from './nats.js';
import { parameterArn } from './region-facts.js';
import { secretsKeyAlias } from './region-parameters.js';
import type { AwsService } from './service.js';
import type { ServiceGround } from './service-ground.js';
import { componentType, nameOf } from './stack-owner.js';

export interface AwsMessagingArgs {
  readonly ground: ServiceGround;
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
  readonly size: AwsProfile;
  readonly files: AwsFiles;
  readonly securityGroupId: pulumi.Input<string>;
}

/**
 * The stamp's own NATS with JetStream, attached to its region's as a leaf node: what the workload publishes within the stamp
 * stays and works when the region is gone. A JetStream domain of its own keeps its streams apart from everybody else's.
 */
export class AwsMessaging extends pulumi.ComponentResource {
  readonly url: string;
  readonly passwordArn: pulumi.Output<string>;
  readonly services: readonly AwsService[];

  constructor(args: AwsMessagingArgs, options: pulumi.ComponentResourceOptions) {
    const { ground, size } = args;
    const { owner, place } = ground;
    super(componentType(owner, 'Messaging'), nameOf(owner, 'messaging'), {}, options);
    const password = new GeneratedSecret({ owner, place, what: 'nats-password', keyArn: ground.secretsKeyArn }, { parent: this });
    const leafUrl = parameterArn(place.awsRegion, args.accountId, args.region, 'natsLeafUrl');
    this.services = natsServers(
      {
        ground,
        files: args.files,
        count: size.natsServers,
        cpu: size.nats.cpu,
        memoryMb: size.nats.memoryMb,
        securityGroupId: args.securityGroupId,
        config: leafConfig(owner.name, size.nats.storageGb),
        secrets: { NATS_PASSWORD: password.arn, NATS_HUB_URL: leafUrl },
        readable: { secrets: [password.arn], parameters: [leafUrl], parametersUnder: secretsKeyAlias(args.region) },
        targets: [],
        extraPorts: [],
      },
      this,
    );
    this.url = natsNames(size.natsServers)
      .map((name) => `nats://${name}:${ports.nats}`)
      .join(',');
    this.passwordArn = password.arn;
    this.registerOutputs();
  }
}

/** Only what stands below `regional.` leaves a stamp; the region allows its leaf nodes nothing else (region-messaging.ts). */
export const leafConfig = (stamp: string, storageGb: number): readonly string[] => [
  `jetstream { store_dir: "/data", domain: ${stamp}, max_file_store: ${storageGb}GB, max_memory_store: 64MB }`,
  'authorization { user: workload, password: $NATS_PASSWORD }',
  'leafnodes { reconnect: 2, remotes: [ { url: $NATS_HUB_URL } ] }',
];
