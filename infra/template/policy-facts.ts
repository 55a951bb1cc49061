import type { RegionFacts, StampSpec } from '@lapidary/contracts/stamp-spec';
import type { PolicyFacts } from '../policy/policy-rule.js';

/** What the policies may know of a stamp. */
export const policyFactsOf = (spec: StampSpec, region: RegionFacts, unprotected = false): PolicyFacts => ({
  scope: 'stamp',
  owner: spec.name,
  jurisdiction: region.jurisdiction,
  awsRegion: region.awsRegion,
  environment: region.environment ?? 'production',
  profile: spec.profile,
  unprotected,
});
