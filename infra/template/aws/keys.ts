import { getCallerIdentityOutput } from '@pulumi/aws/getCallerIdentity.js';
import { Alias } from '@pulumi/aws/kms/alias.js';
import { Key } from '@pulumi/aws/kms/key.js';
import * as pulumi from '@pulumi/pulumi';
import { keyDeletionDays } from '../../policy/rules/deletion-protection.js';
import { formerly } from './formerly.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsKeysArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
}

/** One key per purpose: who may read logs may not therefore read data, and each use shows in CloudTrail under its own key. */
export class AwsKeys extends pulumi.ComponentResource {
  readonly accountId: pulumi.Output<string>;
  readonly data: pulumi.Output<string>;
  readonly logs: pulumi.Output<string>;
  readonly secrets: pulumi.Output<string>;

  constructor(
    private readonly args: AwsKeysArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super(componentType(args.owner, 'Keys'), nameOf(args.owner, 'keys'), {}, options);
    this.accountId = getCallerIdentityOutput({}, { parent: this }).accountId;
    const { owner, place } = args;
    const whose = `${owner.kind} ${owner.name}`;
    // Template 0.1 had this one key, in Data.
    const first = [formerly(['lapidary:stamp:Stamp', 'lapidary:stamp:Data', 'aws:kms/key:Key'], `${owner.name}-key`)];
    const firstAlias = [formerly(['lapidary:stamp:Stamp', 'lapidary:stamp:Data', 'aws:kms/alias:Alias'], `${owner.name}-key`)];
    this.data = this.key('key', '', `Data of ${whose}`, undefined, first, firstAlias);
    this.logs = this.key('logs-key', '-logs', `Logs and alarms of ${whose}`, this.logsPolicy(place.awsRegion));
    this.secrets = this.key('secrets-key', '-secrets', `Secrets of ${whose}`);
    this.registerOutputs();
  }

  private key(
    what: string,
    suffix: string,
    description: string,
    policy?: pulumi.Output<string>,
    aliases: string[] = [],
    aliasAliases: string[] = [],
  ): pulumi.Output<string> {
    const { owner, place } = this.args;
    const id = nameOf(owner, what);
    const key = new Key(
      id,
      { description, enableKeyRotation: true, deletionWindowInDays: keyDeletionDays, policy, tags: tagged(owner, what) },
      // Kept when the stack is taken down: without it the final snapshots could not be read. KMS charges a dollar a month for it.
      { parent: this, protect: !place.unprotected, retainOnDelete: true, aliases },
    );
    new Alias(id, { name: `alias/lapidary-${owner.name}${suffix}`, targetKeyId: key.keyId }, { parent: this, aliases: aliasAliases });
    return key.arn;
  }

  /** CloudWatch encrypts logs, and alarms publish to an encrypted topic, only where the key's own policy lets them. */
  private logsPolicy(awsRegion: string): pulumi.Output<string> {
    const use = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'];
    return pulumi.jsonStringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: pulumi.interpolate`arn:aws:iam::${this.accountId}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
        {
          Effect: 'Allow',
          Principal: { Service: `logs.${awsRegion}.amazonaws.com` },
          Action: use,
          Resource: '*',
          Condition: {
            ArnLike: { 'kms:EncryptionContext:aws:logs:arn': pulumi.interpolate`arn:aws:logs:${awsRegion}:${this.accountId}:*` },
          },
        },
        {
          Effect: 'Allow',
          Principal: { Service: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'] },
          Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
          Resource: '*',
          Condition: { StringEquals: { 'aws:SourceAccount': this.accountId } },
        },
      ],
    });
  }
}
