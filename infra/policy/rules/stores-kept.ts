import type { StackPolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

export const storesKept: StackPolicyRule = {
  name: 'stores-kept',
  level: 'mandatory',
  description: 'Every file system has a backup policy, every bucket keeps former versions and is closed to the public',
  checkStack(resources) {
    const named = (type: string): ReadonlySet<string> => new Set(resources.filter((r) => r.type === type).map((r) => r.name));
    const lacking = (type: string, companion: string, what: string) => {
      const companions = named(companion);
      return [...named(type)]
        .filter((name) => !companions.has(name))
        .map((resource) => ({ resource, message: `has no ${what} of its name` }));
    };
    return [
      ...lacking(types.fileSystem, types.fileSystemBackup, 'backup policy'),
      ...lacking(types.bucket, types.bucketVersioning, 'versioning'),
      ...lacking(types.bucket, types.bucketBlock, 'public access block'),
      ...lacking(types.bucket, types.bucketEncryption, 'encryption configuration'),
    ];
  },
};
