import { isTrue } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

const flagsOf: Readonly<Record<string, readonly string[]>> = {
  [types.database]: ['multiAz'],
  [types.cache]: ['multiAzEnabled', 'automaticFailoverEnabled'],
};

export const multiAzInProduction: PolicyRule = {
  name: 'multi-az-in-production',
  level: 'mandatory',
  description: 'In production a database or cache stands in two zones, so that losing one loses neither data nor service',
  resourceTypes: Object.keys(flagsOf),
  check(resource, { environment }) {
    if (environment !== 'production') return undefined;
    const missing = (flagsOf[resource.type] ?? []).filter((flag) => !isTrue(resource, flag));
    return missing.length === 0 ? undefined : `${missing.join(' and ')} must be true in production`;
  },
};
