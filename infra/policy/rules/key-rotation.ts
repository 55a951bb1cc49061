import { isTrue } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

export const keyRotation: PolicyRule = {
  name: 'key-rotation',
  level: 'mandatory',
  description: 'Keys rotate by themselves, so that one that leaked opens a year at most',
  resourceTypes: [types.key],
  check: (resource) => (isTrue(resource, 'enableKeyRotation') ? undefined : 'enableKeyRotation is not true'),
};
