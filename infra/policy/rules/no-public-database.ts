import { known } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

export const noPublicDatabase: PolicyRule = {
  name: 'no-public-database',
  level: 'mandatory',
  description: 'A database has no address on the internet, whatever its security groups say today',
  resourceTypes: [types.database],
  check: (resource) =>
    known(resource, 'publiclyAccessible') === false
      ? undefined
      : 'publiclyAccessible is not false, which is what AWS takes in some networks',
};
