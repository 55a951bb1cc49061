/**
 * What a sensor looks at. A new sensor adds its kind here and nothing else of the model: findings, suppressions, runs,
 * API, stampctl and metrics are the same for all. Apart from the schemas, which stampctl does not load to know its options.
 */
export const driftKinds = [
  'resource',
  'template',
  'spec',
  'ring-sibling',
  'version',
  'data-digest',
  'fleet-digest',
  'scrub',
  'placement',
  'schema',
  'route-epoch',
  'replica-age',
  'protocol',
  'budget',
  'retention',
  'restored',
  'signature',
  'freeze',
  'sensor',
] as const;
