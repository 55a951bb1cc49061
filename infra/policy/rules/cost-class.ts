import { costClassOf, instanceRank } from '../cost-classes.js';
import { textOf } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

export const costClass: PolicyRule = {
  name: 'cost-class',
  level: 'mandatory',
  description: 'Databases and caches are of a family and a size that their stamp’s profile may cost',
  resourceTypes: [types.database, types.cache],
  check(resource, { profile }) {
    const kind = resource.type === types.database ? 'database' : 'cache';
    const instance = textOf(resource, kind === 'database' ? 'instanceClass' : 'nodeType');
    if (instance === undefined) return undefined;
    const { [kind]: largest, families } = costClassOf[profile];
    const [, family = '', size = ''] = instance.split('.');
    if (!families.includes(family)) return `${instance}: the ${profile} profile allows the families ${families.join(', ')}`;
    return instanceRank(size) <= instanceRank(largest) ? undefined : `${instance}: the ${profile} profile allows up to "${largest}"`;
  },
};
