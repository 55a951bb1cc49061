import { StampSpecSchema } from '@lapidary/contracts/stamp-spec';
import type { Rendered, StampFacts } from '../drift-facts.js';
import { askEach, type Found } from './asking.js';
import type { Sensor } from './sensor.js';

/**
 * A stamp that was rendered by another version of the template is behind: what it renders differs of course. At the same
 * version another digest means that something else than the template made it: a snowflake (P-ST4).
 */
export const templateDifferences = (stamp: StampFacts, now: Rendered): Found[] => {
  if (stamp.templateVersion !== now.templateVersion)
    return [{ path: 'templateVersion', expected: now.templateVersion, observed: stamp.templateVersion, severity: 'info' }];
  if (stamp.graphDigest === now.graphDigest) return [];
  return [{ path: 'graphDigest', expected: now.graphDigest, observed: stamp.graphDigest, severity: 'warning' }];
};

/** What was rendered when the stamp was built against what the template renders for the same spec now. */
export const templateSensor: Sensor = {
  kind: 'template',
  reads: ['desired'],
  look: (input) =>
    askEach('template', input, async (stamp, spec, regionFacts, templateVersion) => {
      // The spec that it was built from: where that differs from the files, the sensor "spec" tells.
      const built = StampSpecSchema.safeParse(stamp.spec).data ?? spec;
      return templateDifferences(stamp, await input.world.render(built, regionFacts, input.signal, templateVersion));
    }),
};
