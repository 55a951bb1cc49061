import { textOf } from '../reading.js';
import type { StackPolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

export const twoZones: StackPolicyRule = {
  name: 'two-zones',
  level: 'mandatory',
  description: 'A network spans at least two zones',
  checkStack(resources, { owner }) {
    const zones = resources.filter((r) => r.type === types.subnet).map((r) => textOf(r, 'availabilityZone'));
    if (zones.length === 0 || new Set(zones).size >= 2) return [];
    return [{ resource: owner, message: `all subnets are in ${[...new Set(zones)].join(', ')}` }];
  },
};
