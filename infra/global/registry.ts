import { LifecyclePolicy } from '@pulumi/aws/ecr/lifecyclePolicy.js';
import { ReplicationConfiguration } from '@pulumi/aws/ecr/replicationConfiguration.js';
import { Repository } from '@pulumi/aws/ecr/repository.js';
import * as pulumi from '@pulumi/pulumi';
import { componentType, nameOf, tagged, type StackOwner } from '../template/aws/stack-owner.js';

export interface RegistryArgs {
  readonly owner: StackOwner;
  readonly unprotected: boolean;
  readonly keyArn: pulumi.Input<string>;
  readonly accountId: pulumi.Output<string>;
  /** AWS regions that get copies: a region starts tasks with every other one away (P-GE6). */
  readonly copiesIn: readonly string[];
}

/** `lapidary/lapidary` runs control planes, routers and agents; `lapidary/workload` is the user's. */
const images = ['lapidary', 'workload'] as const;
/** Roll-backs reach this far. */
const imagesKept = 50;

/** Images under tags that can't be moved: a version means the same program for ever, or roll-backs mean nothing. */
export class Registry extends pulumi.ComponentResource {
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;

  constructor({ owner, unprotected, keyArn, accountId, copiesIn }: RegistryArgs, options: pulumi.ComponentResourceOptions) {
    super(componentType(owner, 'Registry'), nameOf(owner, 'registry'), {}, options);
    const urls = images.map((image) => {
      const repository = new Repository(
        nameOf(owner, image),
        {
          name: `lapidary/${image}`,
          imageTagMutability: 'IMMUTABLE',
          imageScanningConfiguration: { scanOnPush: true },
          encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: keyArn }],
          tags: tagged(owner, image),
        },
        { parent: this, protect: !unprotected },
      );
      new LifecyclePolicy(nameOf(owner, image), { repository: repository.name, policy: keepLatest }, { parent: this });
      return [image, repository.repositoryUrl] as const;
    });
    const destinations = copiesIn.map((region) => ({ region, registryId: accountId }));
    if (destinations.length > 0) {
      const rules = [{ destinations, repositoryFilters: [{ filter: 'lapidary/', filterType: 'PREFIX_MATCH' }] }];
      new ReplicationConfiguration(nameOf(owner, 'copies'), { replicationConfiguration: { rules } }, { parent: this });
    }
    this.urls = Object.fromEntries(urls);
    this.registerOutputs();
  }
}

const keepLatest = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      description: `the latest ${imagesKept}`,
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: imagesKept },
      action: { type: 'expire' },
    },
  ],
});
