import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import { BucketVersioning } from '@pulumi/aws/s3/bucketVersioning.js';
import * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner } from '../template/aws/stack-owner.js';

/** Where the states of the global and the regional stacks are kept, with every former version. Returns the bucket's name. */
export const addStateBucket = (args: {
  readonly owner: StackOwner;
  readonly unprotected: boolean;
  readonly keyArn: pulumi.Input<string>;
  readonly accountId: pulumi.Output<string>;
  readonly parent: pulumi.Resource;
}): pulumi.Output<string> => {
  const { owner, parent } = args;
  const id = nameOf(owner, 'state');
  const name = pulumi.interpolate`lapidary-state-${args.accountId}`;
  const bucket = new Bucket(id, { bucket: name, tags: tagged(owner, 'state') }, { parent, protect: !args.unprotected });
  const closed = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
  new BucketPublicAccessBlock(id, { bucket: bucket.id, ...closed }, { parent });
  new BucketVersioning(id, { bucket: bucket.id, versioningConfiguration: { status: 'Enabled' } }, { parent });
  const byKey = { applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: args.keyArn }, bucketKeyEnabled: true };
  new BucketServerSideEncryptionConfiguration(id, { bucket: bucket.id, rules: [byKey] }, { parent });
  return bucket.bucket;
};
