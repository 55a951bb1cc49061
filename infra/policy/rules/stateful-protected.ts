import { isStateful } from '../../template/stateful.js';
import type { PolicyRule } from '../policy-rule.js';

export const statefulProtected: PolicyRule = {
  name: 'stateful-protected',
  level: 'mandatory',
  description: 'What holds data is protected in the program, so that no change of the template deletes or replaces it by the way',
  resourceTypes: 'all',
  check(resource, { unprotected }) {
    // On this machine a stamp is made and thrown away all day; its snapshot is taken by retiring it.
    if (!resource.type.startsWith('aws:') || !isStateful(resource.type)) return undefined;
    return unprotected || resource.protect ? undefined : 'holds data, but has no "protect: true"';
  },
};
