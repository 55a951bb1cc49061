import { ParameterGroup } from '@pulumi/aws/elasticache/parameterGroup.js';
import { ReplicationGroup } from '@pulumi/aws/elasticache/replicationGroup.js';
import { SubnetGroup } from '@pulumi/aws/elasticache/subnetGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { backupDaysMin } from '../../policy/rules/backups.js';
import { GeneratedSecret } from './generated-secret.js';
import { ports } from './security-group.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsCacheArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly size: { readonly cacheNode: string; readonly cacheNodes: number };
  readonly dataKeyArn: pulumi.Input<string>;
  readonly secretsKeyArn: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Output<string>[];
  readonly securityGroupId: pulumi.Input<string>;
}

const valkeyMajor = '8';

/** Valkey under TLS and a password, a primary and its replica in another zone. */
export class AwsCache extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly passwordArn: pulumi.Output<string>;
  readonly groupId: string;

  constructor(args: AwsCacheArgs, options: pulumi.ComponentResourceOptions) {
    const { owner, place } = args;
    super(componentType(owner, 'Cache'), nameOf(owner, 'cache'), {}, options);
    const own = { parent: this };
    const id = nameOf(owner, 'cache');
    const tags = tagged(owner, 'cache');
    const password = new GeneratedSecret({ owner, place, what: 'cache-password', keyArn: args.secretsKeyArn }, own);
    const subnets = new SubnetGroup(id, { name: `lapidary-${id}`, subnetIds: [...args.subnetIds], tags }, own);
    // A cache that is full forgets what was not asked for lately, instead of refusing writes.
    const policy = [{ name: 'maxmemory-policy', value: 'allkeys-lru' }];
    const group = new ParameterGroup(id, { name: `lapidary-${id}`, family: `valkey${valkeyMajor}`, parameters: policy, tags }, own);
    const several = args.size.cacheNodes > 1;
    this.groupId = `lapidary-${owner.name}`;
    const cache = new ReplicationGroup(
      id,
      {
        replicationGroupId: this.groupId,
        description: `Cache of ${owner.kind} ${owner.name}`,
        engine: 'valkey',
        engineVersion: `${valkeyMajor}.0`,
        nodeType: args.size.cacheNode,
        numCacheClusters: args.size.cacheNodes,
        automaticFailoverEnabled: several,
        multiAzEnabled: several,
        port: ports.valkey,
        subnetGroupName: subnets.name,
        parameterGroupName: group.name,
        securityGroupIds: [args.securityGroupId],
        atRestEncryptionEnabled: true,
        kmsKeyId: args.dataKeyArn,
        transitEncryptionEnabled: true,
        authToken: password.value,
        snapshotRetentionLimit: backupDaysMin,
        finalSnapshotIdentifier: `lapidary-${owner.name}-cache-final`,
        applyImmediately: false,
        autoMinorVersionUpgrade: true,
        tags,
      },
      { parent: this, protect: !place.unprotected, additionalSecretOutputs: ['authToken'] },
    );
    this.url = pulumi.interpolate`rediss://${cache.primaryEndpointAddress}:${ports.valkey}`;
    this.passwordArn = password.arn;
    this.registerOutputs();
  }
}
