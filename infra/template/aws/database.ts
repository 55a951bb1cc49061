import { Instance } from '@pulumi/aws/rds/instance.js';
import { ParameterGroup } from '@pulumi/aws/rds/parameterGroup.js';
import { SubnetGroup } from '@pulumi/aws/rds/subnetGroup.js';
import type * as pulumi from '@pulumi/pulumi';
import { backupDaysMin } from '../../policy/rules/backups.js';
import { nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface DatabaseArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly databaseName: string;
  readonly size: { readonly databaseClass: string; readonly databaseGb: number; readonly databaseGbMax: number };
  readonly dataKeyArn: pulumi.Input<string>;
  readonly secretsKeyArn: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Output<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  readonly parent: pulumi.Resource;
}

/** Where the image keeps AWS's certificates for RDS (infra/docker/Dockerfile): Node trusts none of them by itself. */
export const databaseCertificates = '/usr/share/rds/global-bundle.pem';
const postgresMajor = '17';
/** Statements that take longer stand in the log, for whoever asks what was slow yesterday. */
const slowStatementMs = 500;
/** Free of charge; a longer history is not. */
const insightDays = 7;

/** Static ones take effect at the next restart, which AWS does in the maintenance window or a person does by hand. */
const parameters = [
  { name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' },
  // Moving a tenant streams its rows out while it is served; slots and senders come with it.
  { name: 'rds.logical_replication', value: '1', applyMethod: 'pending-reboot' },
  { name: 'max_replication_slots', value: '20', applyMethod: 'pending-reboot' },
  { name: 'max_wal_senders', value: '20', applyMethod: 'pending-reboot' },
  // A consumer that went away must not fill the disk: its slot is given up, and the move starts again.
  { name: 'max_slot_wal_keep_size', value: '20480', applyMethod: 'immediate' },
  { name: 'log_min_duration_statement', value: String(slowStatementMs), applyMethod: 'immediate' },
  { name: 'idle_in_transaction_session_timeout', value: '60000', applyMethod: 'immediate' },
];

/** PostgreSQL that replicates logically, takes TLS only, and makes, keeps and rotates its own password. */
export const addDatabase = (args: DatabaseArgs): Instance => {
  const { owner, place, parent } = args;
  const id = nameOf(owner, 'database');
  const tags = tagged(owner, 'database');
  const own = { parent };
  const subnets = new SubnetGroup(id, { subnetIds: [...args.subnetIds], tags }, own);
  const group = new ParameterGroup(id, { family: `postgres${postgresMajor}`, parameters, tags }, own);
  return new Instance(
    id,
    {
      engine: 'postgres',
      engineVersion: postgresMajor,
      instanceClass: args.size.databaseClass,
      storageType: 'gp3',
      allocatedStorage: args.size.databaseGb,
      maxAllocatedStorage: args.size.databaseGbMax,
      dbName: args.databaseName,
      username: 'lapidary',
      // The password is never in the state at all.
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: args.secretsKeyArn,
      storageEncrypted: true,
      kmsKeyId: args.dataKeyArn,
      multiAz: (place.environment ?? 'production') === 'production',
      publiclyAccessible: false,
      dbSubnetGroupName: subnets.name,
      parameterGroupName: group.name,
      vpcSecurityGroupIds: [args.securityGroupId],
      backupRetentionPeriod: backupDaysMin,
      copyTagsToSnapshot: true,
      deletionProtection: !place.unprotected,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: `lapidary-${owner.name}-final`,
      autoMinorVersionUpgrade: true,
      enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: args.dataKeyArn,
      performanceInsightsRetentionPeriod: insightDays,
      tags,
    },
    { parent, protect: !place.unprotected },
  );
};

/** ARN of the secret in Secrets Manager in which RDS keeps user and password. */
export const credentialsOf = (database: Instance): pulumi.Output<string> =>
  database.masterUserSecrets.apply((secrets) => secrets?.[0]?.secretArn ?? '');
