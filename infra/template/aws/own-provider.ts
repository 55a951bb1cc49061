import { Provider, type ProviderArgs } from '@pulumi/aws/provider.js';
import type * as pulumi from '@pulumi/pulumi';
import { nameOf, type StackOwner, type StackPlace } from './stack-owner.js';

/** A provider of the stack's own, so that one process can work on many regions and accounts at once. */
export const ownProvider = (owner: StackOwner, place: StackPlace, parent: pulumi.Resource): Provider =>
  new Provider(
    nameOf(owner, 'aws'),
    {
      region: place.awsRegion as ProviderArgs['region'],
      ...(place.awsRoleArn === undefined ? {} : { assumeRoles: [{ roleArn: place.awsRoleArn, sessionName: `lapidary-${owner.name}` }] }),
      defaultTags: { tags: { ...owner.tags } },
    },
    { parent },
  );
