import { allowedAwsRegions } from '../jurisdictions.js';
import { textOf } from '../reading.js';
import type { PolicyFacts, PolicyResource, PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

/** Where a resource says it goes: by its own region, by its zone (`eu-west-1a`), or by its provider. */
const placesOf = (resource: PolicyResource, facts: PolicyFacts): readonly string[] => {
  const named = [textOf(resource, 'region'), textOf(resource, 'availabilityZone')?.replace(/[a-z]$/, '')].filter((p) => p !== undefined);
  return named.length > 0 || resource.type === types.provider ? named : [facts.awsRegion];
};

export const allowedRegions: PolicyRule = {
  name: 'allowed-regions',
  level: 'mandatory',
  description: 'A stamp’s resources lie in its region’s AWS region, and that region lies under its jurisdiction’s law (I3)',
  resourceTypes: 'all',
  check(resource, facts) {
    // The fleet's own resources hold no tenant's data; IAM, Route 53 and the like are in no region.
    if (facts.scope === 'global' || !(resource.type.startsWith('aws:') || resource.type === types.provider)) return undefined;
    const allowed = allowedAwsRegions(facts.jurisdiction);
    for (const place of placesOf(resource, facts)) {
      if (!allowed.includes(place))
        return `would lie in ${place}; the jurisdiction "${facts.jurisdiction}" allows ${allowed.join(', ') || 'no AWS region that is known'}`;
      if (place !== facts.awsRegion) return `would lie in ${place}, but ${facts.owner} is in ${facts.awsRegion}`;
    }
    return undefined;
  },
};
