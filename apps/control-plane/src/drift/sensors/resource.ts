import type { DriftedResource } from '@lapidary/contracts/provisioner-protocol';
import { StampSpecSchema } from '@lapidary/contracts/stamp-spec';
import { bounded } from '../difference.js';
import { askEach, type Found } from './asking.js';
import type { Sensor } from './sensor.js';

/** `lapidary:local:Database eu-1-database` and, of a resource that is there, `: connectionLimit`. */
export const resourcePath = ({ resourceType, name, path }: Pick<DriftedResource, 'resourceType' | 'name' | 'path'>): string =>
  `${resourceType} ${name}${path === '' ? '' : `: ${path}`}`;

export const resourceDifference = (drifted: DriftedResource): Found => ({
  path: resourcePath(drifted),
  expected: bounded(drifted.path === '' ? 'there' : drifted.expected),
  observed: bounded(drifted.observed),
  severity: drifted.path === '' ? 'critical' : 'warning',
});

/** The real resources against what was built, through the engine's refresh (P-ST4). */
export const resourceSensor: Sensor = {
  kind: 'resource',
  reads: ['desired'],
  look: (input) =>
    askEach('resource', input, async (stamp, spec, regionFacts) => {
      const built = StampSpecSchema.safeParse(stamp.spec).data ?? spec;
      return (await input.world.driftedResources(built, regionFacts, input.signal)).map(resourceDifference);
    }),
};
