import * as pulumi from '@pulumi/pulumi';
import type { AwsProfile } from '../profiles.js';
import { AwsCache } from './cache.js';
import { addDatabase, credentialsOf } from './database.js';
import { AwsFiles } from './files.js';
import type { AwsGroups } from './groups.js';
import type { AwsKeys } from './keys.js';
import type { AwsNetwork } from './network.js';
import { componentType, nameOf, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsDataArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly size: AwsProfile;
  readonly network: AwsNetwork;
  readonly groups: AwsGroups;
  readonly keys: AwsKeys;
}

/** What holds data: database, cache, files. All protected: no change of the template deletes or replaces one by the way. */
export class AwsData extends pulumi.ComponentResource {
  readonly endpoint: pulumi.Output<string>;
  readonly identifier: pulumi.Output<string>;
  readonly credentialsArn: pulumi.Output<string>;
  readonly databaseName = 'workload';
  readonly cache: AwsCache;
  readonly files: AwsFiles;

  constructor({ owner, place, size, network, groups, keys }: AwsDataArgs, options: pulumi.ComponentResourceOptions) {
    super(componentType(owner, 'Data'), nameOf(owner, 'data'), {}, options);
    const own = { parent: this };
    const common = { owner, place, size, subnetIds: network.dataSubnetIds, dataKeyArn: keys.data, secretsKeyArn: keys.secrets };
    const database = addDatabase({ ...common, databaseName: this.databaseName, securityGroupId: groups.database, parent: this });
    this.cache = new AwsCache({ ...common, securityGroupId: groups.cache }, own);
    this.files = new AwsFiles({ ...common, keyArn: keys.data, securityGroupId: groups.files }, own);
    this.endpoint = database.endpoint;
    this.identifier = database.identifier;
    this.credentialsArn = credentialsOf(database);
    this.registerOutputs();
  }
}
