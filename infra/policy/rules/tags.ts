import { isMap, known } from '../reading.js';
import type { PolicyFacts, PolicyRule } from '../policy-rule.js';
import { isTaggable } from '../taggable.js';

const required: Readonly<Record<PolicyFacts['scope'], readonly string[]>> = {
  stamp: ['stamp', 'region', 'template', 'owner'],
  region: ['region', 'template', 'owner'],
  global: ['template', 'owner'],
};

export const tags: PolicyRule = {
  name: 'tags',
  level: 'mandatory',
  description: 'All that can carry tags says whose it is, what rendered it and who runs it: bills and searches go by them',
  resourceTypes: 'all',
  check(resource, { scope, owner }) {
    if (!isTaggable(resource.type)) return undefined;
    const carried = known(resource, 'tags');
    const present = isMap(carried) ? carried : {};
    const missing = required[scope].filter((tag) => typeof present[tag] !== 'string' || present[tag] === '');
    if (missing.length > 0) return `lacks the tag${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
    if (scope !== 'global' && present[scope] !== owner) return `is tagged ${scope}=${String(present[scope])}, but belongs to ${owner}`;
    return undefined;
  },
};
