import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Alias } from '@pulumi/aws/kms/alias.js';
import { Key } from '@pulumi/aws/kms/key.js';
import { Instance } from '@pulumi/aws/rds/instance.js';
import { ParameterGroup } from '@pulumi/aws/rds/parameterGroup.js';
import { SubnetGroup } from '@pulumi/aws/rds/subnetGroup.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { profileOf } from '../profiles.js';
import type { AwsNetwork } from './network.js';
import { named } from './tags.js';

export interface AwsDataArgs {
  readonly spec: StampSpec;
  readonly network: AwsNetwork;
}

const postgresMajor = '17';
export const postgresPort = 5432;
/** Two weeks: a fault that shows only at a fortnightly closing can still be undone. */
const backupDays = 14;
/** The longest that KMS allows: time to notice that a key with data under it was deleted. */
const keyDeletionDays = 30;

/** The stamp's key and database. Both are protected: no change of the template deletes or replaces them by the way. */
export class AwsData extends pulumi.ComponentResource {
  readonly keyArn: pulumi.Output<string>;
  readonly endpoint: pulumi.Output<string>;
  /** ARN of the Secrets Manager secret in which RDS keeps and rotates user and password. */
  readonly credentialsArn: pulumi.Output<string>;
  readonly databaseName = 'workload';

  constructor({ spec, network }: AwsDataArgs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Data', `${spec.name}-data`, {}, options);
    const own = { parent: this };
    const tags = (what: string) => named(spec, `${spec.name}-${what}`);
    const key = new Key(
      `${spec.name}-key`,
      { description: `Data of stamp ${spec.name}`, enableKeyRotation: true, deletionWindowInDays: keyDeletionDays, tags: tags('key') },
      { parent: this, protect: true },
    );
    new Alias(`${spec.name}-key`, { name: `alias/lapidary-${spec.name}`, targetKeyId: key.keyId }, own);
    const subnets = new SubnetGroup(`${spec.name}-database`, { subnetIds: [...network.privateSubnetIds], tags: tags('database') }, own);
    const parameters = new ParameterGroup(
      `${spec.name}-database`,
      { family: `postgres${postgresMajor}`, parameters: [{ name: 'rds.force_ssl', value: '1' }], tags: tags('database') },
      own,
    );
    const ingress = [
      { protocol: 'tcp', fromPort: postgresPort, toPort: postgresPort, cidrBlocks: [network.cidr], description: 'The stamp itself' },
    ];
    const group = new SecurityGroup(
      `${spec.name}-database`,
      { vpcId: network.vpcId, description: `Database of stamp ${spec.name}`, ingress, egress: [], tags: tags('database') },
      own,
    );
    const database = this.database(spec, { key, subnets, parameters, group }, tags('database'));
    this.keyArn = key.arn;
    this.endpoint = database.endpoint;
    this.credentialsArn = database.masterUserSecrets.apply((secrets) => secrets?.[0]?.secretArn ?? '');
    this.registerOutputs();
  }

  private database(
    spec: StampSpec,
    parts: { readonly key: Key; readonly subnets: SubnetGroup; readonly parameters: ParameterGroup; readonly group: SecurityGroup },
    tags: Record<string, string>,
  ): Instance {
    const size = profileOf[spec.profile].aws;
    return new Instance(
      `${spec.name}-database`,
      {
        engine: 'postgres',
        engineVersion: postgresMajor,
        instanceClass: size.databaseClass,
        allocatedStorage: size.databaseGb,
        maxAllocatedStorage: size.databaseGbMax,
        dbName: this.databaseName,
        username: 'lapidary',
        // RDS makes, keeps and rotates the password: it is never in the state at all.
        manageMasterUserPassword: true,
        masterUserSecretKmsKeyId: parts.key.arn,
        storageEncrypted: true,
        kmsKeyId: parts.key.arn,
        multiAz: true,
        publiclyAccessible: false,
        dbSubnetGroupName: parts.subnets.name,
        parameterGroupName: parts.parameters.name,
        vpcSecurityGroupIds: [parts.group.id],
        backupRetentionPeriod: backupDays,
        copyTagsToSnapshot: true,
        deletionProtection: true,
        skipFinalSnapshot: false,
        finalSnapshotIdentifier: `lapidary-${spec.name}-final`,
        autoMinorVersionUpgrade: true,
        tags,
      },
      { parent: this, protect: true },
    );
  }
}
