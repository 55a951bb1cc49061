import type { RegionFacts, StampSpec } from '@lapidary/contracts/stamp-spec';

/** For tests: a stamp as it may be declared. Loads nothing of the engine. */
export const specOf = (overrides: Partial<StampSpec> = {}): StampSpec => ({
  name: 'eu-2',
  region: 'eu',
  driver: 'aws',
  profile: 'small',
  ring: 'broad',
  isolation: 'pooled',
  capacity: { units: 50 },
  workload: { version: '1.2.3' },
  labels: {},
  ...overrides,
});

export const euFacts: RegionFacts = { jurisdiction: 'eu', awsRegion: 'eu-west-1' };
