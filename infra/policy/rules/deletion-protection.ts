import { deletionGuards } from '../deletion-guards.js';
import { isTrue, numberOf } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

/** The longest that KMS allows: time to notice that a key with data under it was deleted. */
export const keyDeletionDays = 30;

export const deletionProtection: PolicyRule = {
  name: 'deletion-protection',
  level: 'mandatory',
  description: 'AWS itself refuses to delete a database or a front door, and gives a key back for 30 days',
  resourceTypes: [...Object.keys(deletionGuards), types.key],
  check(resource, { unprotected }) {
    if (resource.type === types.key) {
      const days = numberOf(resource, 'deletionWindowInDays') ?? keyDeletionDays;
      return days >= keyDeletionDays ? undefined : `deletionWindowInDays is ${days}, ${keyDeletionDays} are asked for`;
    }
    const flag = deletionGuards[resource.type] ?? '';
    return unprotected || isTrue(resource, flag) ? undefined : `${flag} is not true`;
  },
};
