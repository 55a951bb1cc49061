import { blocksOf, isSet, isTrue } from '../reading.js';
import type { PolicyResource, PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

const flagOf: Readonly<Record<string, string>> = {
  [types.database]: 'storageEncrypted',
  [types.cache]: 'atRestEncryptionEnabled',
  [types.fileSystem]: 'encrypted',
};
const keyOf: Readonly<Record<string, string>> = {
  [types.database]: 'kmsKeyId',
  [types.cache]: 'kmsKeyId',
  [types.fileSystem]: 'kmsKeyId',
  [types.logGroup]: 'kmsKeyId',
  [types.topic]: 'kmsMasterKeyId',
  [types.secret]: 'kmsKeyId',
};

const repositoryHasKey = (resource: PolicyResource): boolean =>
  blocksOf(resource, 'encryptionConfigurations').some((block) => block['encryptionType'] === 'KMS');

export const encryptionAtRest: PolicyRule = {
  name: 'encryption-at-rest',
  level: 'mandatory',
  description: 'What holds data is encrypted under a key of ours, so that a lost disk or snapshot says nothing',
  resourceTypes: [...new Set([...Object.keys(flagOf), ...Object.keys(keyOf), types.repository])],
  check(resource) {
    const flag = flagOf[resource.type];
    if (flag !== undefined && !isTrue(resource, flag)) return `${flag} is not true`;
    const key = keyOf[resource.type];
    if (key !== undefined && !isSet(resource, key)) return `${key} names no key: it would be under one that AWS chooses, or under none`;
    if (resource.type === types.repository && !repositoryHasKey(resource)) return 'encryptionConfigurations names no KMS key';
    return undefined;
  },
};
